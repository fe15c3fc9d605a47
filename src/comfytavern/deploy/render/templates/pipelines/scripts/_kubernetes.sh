[% include "pipelines/scripts/_begun.sh" %]
printf '%s\n' "$KUBE_CONFIG" >"$files/config"
ours=app.kubernetes.io/name=comfytavern
namespace=comfytavern
[ "$TARGET" = production ] || namespace=comfytavern-$TARGET
k() { kubectl --kubeconfig "$files/config" --namespace "${KUBE_NAMESPACE:-$namespace}" "$@"; }
back() {
  for one in $(k get deployment --selector "$ours" --output name); do k rollout undo "$one"; done
  failed "$1; everything went back to the release before."
}
