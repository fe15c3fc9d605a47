set -euo pipefail
comfytavern() { .venv/bin/python -m comfytavern "$@"; }
key=$(mktemp)
trap 'rm -f "$key"' EXIT
sign=()
if [ -n "${RELEASE_KEY:-}" ]; then
  printf '%s\n' "$RELEASE_KEY" >"$key"
  sign=(--sign-key "$key")
else
  echo "RELEASE_KEY is not set: this release will not be signed." >&2
fi
rm -rf dist/ci
comfytavern build "${sign[@]}" --out dist/ci
artifact=$(ls dist/ci/comfytavern-*.tar.zst)
if [ -f allowed_signers ]; then
  comfytavern build verify "$artifact" --signers allowed_signers
else
  comfytavern build verify "$artifact"
fi
name=${artifact#dist/ci/comfytavern-}
echo "${name%.tar.zst}" >dist/ci/release.txt
.venv/bin/python -c 'import pathlib, sys; from comfytavern.deploy.build.archive import member; sys.stdout.buffer.write(member(pathlib.Path(sys.argv[1]), "sbom.cdx.json"))' "$artifact" >dist/ci/sbom.cdx.json
