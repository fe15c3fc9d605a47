#!/usr/bin/env bash
# The browser tests drive Debian's Chromium. Root installs it when it is missing; anybody else is told how.
set -euo pipefail
if command -v chromium >/dev/null; then exit 0; fi
if [ "$(id -u)" -ne 0 ]; then
    echo "The browser tests need Chromium: apt-get install chromium (as root)." >&2
    exit 1
fi
echo "Installing Chromium …"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null
