set -euo pipefail
make format lint types walls
