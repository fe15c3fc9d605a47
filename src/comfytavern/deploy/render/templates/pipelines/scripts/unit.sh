set -euo pipefail
if [ "$(id -u)" -eq 0 ]; then make services; else sudo tools/services.sh; fi
make unit thorough
