set -euo pipefail
if ! command -v chromium >/dev/null; then
  if [ "$(id -u)" -eq 0 ]; then make chromium; else sudo ln -s "$(command -v google-chrome)" /usr/bin/chromium; fi
fi
make web/dist/index.html
(cd web && npm run --silent test:browser)
.venv/bin/python -m pytest -q -n 2 --dist loadfile tests/journeys
