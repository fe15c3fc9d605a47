set -euo pipefail
comfytavern() { .venv/bin/python -m comfytavern "$@"; }
event=failed url=$LOG_URL
if [ "${OUTCOME:-${CI_JOB_STATUS:-}}" = success ]; then event=$EVENT url=${SITE_URL:-$LOG_URL}; fi
release=${RELEASE:-}
[ -n "$release" ] || release=$(cat dist/ci/release.txt 2>/dev/null || true)
[ -n "$release" ] || release=$(sed -n 's/^rollback [a-z]*: \([^ ]*\) on .*/\1/p' deploy.log 2>/dev/null || true)
set -- "$event" --target "$TARGET" --release "$release" --url "$url" --who "$WHO" --log deploy.log
if [ "$event" = rolled_back ] && [ -n "${REASON:-}" ]; then set -- "$@" --cause "$REASON"; fi
if [ -f begun.log ]; then set -- "$@" --duration "$(($(date +%s) - $(cat begun.log)))"; fi
comfytavern notify "$@"
