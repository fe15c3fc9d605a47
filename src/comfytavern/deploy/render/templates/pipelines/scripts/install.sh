set -euo pipefail
make .venv/.dev web/node_modules/.stamp
