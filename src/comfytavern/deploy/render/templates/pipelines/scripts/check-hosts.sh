[% include "pipelines/scripts/_connect.sh" %]
release=${RELEASE:-}
[ -n "$release" ] || release=$(cat dist/ci/release.txt 2>/dev/null || true)
command -v chromium google-chrome >/dev/null || make chromium
read -ra more <<<"${CHECK_OPTIONS:-}"
if ! comfytavern check "$SITE_URL" --file deploy.toml --target "$DEPLOY_TARGET" ${release:+--release "$release"} "${more[@]}"; then
  echo "Error: the check after it found something wrong." >>deploy.log
  exit 1
fi
