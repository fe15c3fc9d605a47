[% include "pipelines/scripts/_kubernetes.sh" %]
[% include "pipelines/scripts/_tags.sh" %]
images=$(printf '%s' "$IMAGES" | tr '[:upper:]' '[:lower:]')
for each in $(k get deployment --selector "$ours" --output name); do
  case "$each" in *backend) part=backend ;; *) part=frontend ;; esac
  if [ -n "${RELEASE:-}" ]; then
    k set image "$each" "*=$images/comfytavern-$part:$(printf '%s' "$RELEASE" | tr + _)"
    k annotate "$each" --overwrite "kubernetes.io/change-cause=$RELEASE"
  else
    k rollout undo "$each"
  fi
done
for each in $(k get deployment --selector "$ours" --output name); do
  k rollout status "$each" --timeout 15m || failed "$each did not become ready."
done
