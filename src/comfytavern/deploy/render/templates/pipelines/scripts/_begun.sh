set -euo pipefail
date +%s >begun.log
failed() {
  echo "Error: $1" | tee -a deploy.log
  exit 1
}
files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT
umask 077
