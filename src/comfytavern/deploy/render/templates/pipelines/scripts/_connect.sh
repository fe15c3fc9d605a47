set -euo pipefail
comfytavern() { .venv/bin/python -m comfytavern "$@"; }
install -d -m 700 ~/.ssh
printf '%s\n' "$KNOWN_HOSTS" >>~/.ssh/known_hosts
eval "$(ssh-agent -s)" >/dev/null
trap 'ssh-agent -k >/dev/null' EXIT
printf '%s\n' "$DEPLOY_SSH_KEY" | ssh-add -q -
