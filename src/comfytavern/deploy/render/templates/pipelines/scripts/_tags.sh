if [[ ! "${RELEASE:-}" =~ ^([0-9A-Za-z][0-9A-Za-z.+-]*)?$ ]]; then
  echo "Error: what was given is not the name of a release." | tee deploy.log
  exit 2
fi
