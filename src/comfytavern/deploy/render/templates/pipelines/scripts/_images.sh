if [ -f allowed_signers ]; then
  signer=$(ssh-keygen -Y find-principals -f allowed_signers -s dist/ci/images.txt.sig | head -1)
  ssh-keygen -Y verify -f allowed_signers -I "$signer" -n comfytavern-images -s dist/ci/images.txt.sig <dist/ci/images.txt
fi
release=$(cat dist/ci/release.txt)
backend=$(sed -n 's/^backend //p' dist/ci/images.txt)
frontend=$(sed -n 's/^frontend //p' dist/ci/images.txt)
