[% include "pipelines/scripts/_kubernetes.sh" %]
[% include "pipelines/scripts/_images.sh" %]
mkdir -p dist/ci/kubernetes
cat >dist/ci/kubernetes/kustomization.yaml <<END
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../../../kubernetes/overlays/$TARGET]
images:
  - {name: comfytavern-backend, newName: "${backend%@*}", digest: "${backend#*@}"}
  - {name: comfytavern-frontend, newName: "${frontend%@*}", digest: "${frontend#*@}"}
END
k delete job --selector "$ours" --ignore-not-found
k apply --kustomize dist/ci/kubernetes
k wait job --selector "$ours" --for condition=complete --timeout 10m || back "The database was not migrated"
for each in $(k get deployment --selector "$ours" --output name); do
  k annotate "$each" --overwrite "kubernetes.io/change-cause=$release"
  k rollout status "$each" --timeout 15m || back "$each did not become ready"
done
