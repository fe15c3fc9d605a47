#!/usr/bin/env bash
# What the tests of PostgreSQL, nginx, process managers and real hosts need from Debian. Root installs what is missing; anybody else is told how.
# Nothing is started: the tests start their own servers, and Debian is asked not to start its.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"
NEEDED=(postgresql nginx-light supervisor openssh-client iproute2 debootstrap systemd-container)
# Of Debian's prometheus only promtool, which reads rules and metrics; the rest would be 12 packages.
get_promtool() {
    command -v promtool >/dev/null && return 0
    if ! may_install; then
        echo "The tests of rules for Prometheus are skipped without promtool (in Debian's package prometheus)." >&2
        return
    fi
    echo "Installing promtool …"
    local folder
    folder=$(mktemp -d)
    chmod 755 "$folder"
    if (cd "$folder" && { apt-get download -qq prometheus >/dev/null 2>&1 || { apt-get update -qq && apt-get download -qq prometheus; }; }); then
        dpkg-deb --fsys-tarfile "$folder"/prometheus_*.deb | tar -xO ./usr/bin/promtool >"$folder/promtool"
        install -m 755 "$folder/promtool" /usr/local/bin/promtool
    fi
    rm -rf "$folder"
}
get_promtool
missing=()
for package in "${NEEDED[@]}"; do
    case "$package" in
        nginx-light) [ -x /usr/sbin/nginx ] && continue ;;
        postgresql) compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && continue ;;
    esac
    is_installed "$package" || missing+=("$package")
done
begin_install "Some tests are" "${missing[@]}"
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
# Only for Debian's own nginx; without it, the tests of brotli are skipped.
apt-get install -y -qq --no-install-recommends libnginx-mod-http-brotli-static >/dev/null 2>&1 || true
