#!/usr/bin/env bash
# What the tests of images need from Debian: podman and buildah (23 s); with `long` also dockerd and docker-compose (50 s more). Root installs
# what is missing, anybody else is told how. Nothing is started: the tests start their own daemon, and Debian is asked not to start its.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"
NEEDED=(podman buildah runc catatonit)
if [ "${1:-}" = long ]; then NEEDED+=(docker.io docker-compose); fi
missing=()
for package in "${NEEDED[@]}"; do
    is_installed "$package" || missing+=("$package")
done
begin_install "The tests of images are" "${missing[@]}"
apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    echo "The tests of images are skipped: apt-get cannot install ${missing[*]}." >&2
