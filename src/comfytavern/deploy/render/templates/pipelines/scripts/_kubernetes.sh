set -euo pipefail
date +%s >begun.log
failed() {
  echo "Error: $1" | tee -a deploy.log
  exit 1
}
files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT
umask 077
printf '%s\n' "$KUBE_CONFIG" >"$files/config"
ours=app.kubernetes.io/name=comfytavern
namespace=comfytavern
[ "$TARGET" = production ] || namespace=comfytavern-$TARGET
k() { kubectl --kubeconfig "$files/config" --namespace "${KUBE_NAMESPACE:-$namespace}" "$@"; }
back() {
  for one in $(k get deployment --selector "$ours" --output name); do k rollout undo "$one"; done
  failed "$1; everything went back to the release before."
}
