set -euo pipefail
command -v chromium >/dev/null || make chromium
make web/dist/index.html
(cd web && npm run --silent test:browser)
.venv/bin/python -m pytest -q tests/journeys
