set -euo pipefail
make .venv/.dev
