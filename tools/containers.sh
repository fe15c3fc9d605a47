#!/usr/bin/env bash
# What the tests of images need from Debian: podman and buildah (23 s); with `long` also dockerd and docker-compose (50 s more). Root installs
# what is missing, anybody else is told how. Nothing is started: the tests start their own daemon, and Debian is asked not to start its.
set -euo pipefail
NEEDED=(podman buildah runc catatonit)
if [ "${1:-}" = long ]; then NEEDED+=(docker.io docker-compose); fi
missing=()
for package in "${NEEDED[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
    echo "The tests of images are skipped without: apt-get install ${missing[*]} (as root, on Debian)." >&2
    exit 0
fi
echo "Installing ${missing[*]} …"
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    echo "The tests of images are skipped: apt-get cannot install ${missing[*]}." >&2
