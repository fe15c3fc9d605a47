set -euo pipefail
comfytavern() { .venv/bin/python -m comfytavern "$@"; }
comfytavern notify failed --release "$REVISION" --target "$TARGET" --url "$LOG_URL" --who "$WHO" --cause "a step before the deployment failed"
