# What the scripts beside this one share; they source it: packages of Debian that tests need, installed without starting anything.

# Where Debian asks whether a service may start; a test says another place.
policy=${POLICY_RC_D:-/usr/sbin/policy-rc.d}

is_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$'; }

may_install() { command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; }

# Usage: begin_install WHAT PACKAGE…  Ends the script with 0 when there is nothing to install, or nobody who may: WHAT is skipped then, and it says how.
# Until the script ends, Debian starts none of what is installed, unless a policy of somebody's own is there already.
begin_install() {
    local what=$1
    shift
    if [ $# -eq 0 ]; then exit 0; fi
    if ! may_install; then
        echo "$what skipped without: apt-get install $* (as root, on Debian)." >&2
        exit 0
    fi
    echo "Installing $* …"
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    export DEBIAN_FRONTEND=noninteractive
}
