set -eu
release=$(cat dist/ci/release.txt)
tag=$(printf '%s' "$release" | tr + _)
images=$(printf '%s' "$IMAGES" | tr '[:upper:]' '[:lower:]')
printf '%s' "$REGISTRY_TOKEN" | docker login "$REGISTRY" --username "$REGISTRY_USER" --password-stdin
trap 'docker logout "$REGISTRY"' EXIT
: >dist/ci/images.txt
for part in backend frontend; do
  image="$images/comfytavern-$part:$tag"
  docker build --pull --file "Dockerfile.$part" --build-arg "RELEASE=$release" --build-arg "REVISION=$REVISION" --tag "$image" .
  docker push --quiet "$image"
  digest=$(docker image inspect --format '{{index .RepoDigests 0}}' "$image")
  echo "$part $digest" >>dist/ci/images.txt
  case "$part" in backend) bill=/opt/app/sbom.cdx.json ;; *) bill=/opt/web/sbom.cdx.json ;; esac
  container=$(docker create "$image")
  docker cp "$container:$bill" "dist/ci/$part.cdx.json"
  docker rm "$container" >/dev/null
done
if [ -n "${RELEASE_KEY:-}" ]; then
  key=$(mktemp)
  printf '%s\n' "$RELEASE_KEY" >"$key"
  ssh-keygen -Y sign -q -f "$key" -n comfytavern-images dist/ci/images.txt || { rm -f "$key"; exit 1; }
  rm -f "$key"
else
  echo "RELEASE_KEY is not set: the list of images will not be signed." >&2
fi
cat dist/ci/images.txt
