#!/bin/sh
# Writes nginx's configuration out of BACKEND, PORT_FRONTEND and TRUSTED_PROXIES, then becomes nginx; `healthy` asks it how it is.
set -eu
conf=/tmp/nginx.conf

fail() {
    echo "comfytavern-frontend: $1" >&2
    exit 64
}

# On a network of its own (its card is one end of a pair) the container reaches the host's published ports at its gateway.
beside() {
    card=/sys/class/net/eth0
    gateway=$(while read -r _ to hex _; do if [ "$to" = 00000000 ]; then echo "$hex"; break; fi; done </proc/net/route)
    if [ -n "$gateway" ] && [ "$(cat $card/ifindex)" != "$(cat $card/iflink)" ]; then
        printf '%d.%d.%d.%d' "0x${gateway#??????}" "0x$(echo "$gateway" | cut -c5-6)" "0x$(echo "$gateway" | cut -c3-4)" "0x$(echo "$gateway" | cut -c1-2)"
    else
        printf 127.0.0.1
    fi
}

case "${1:-serve}" in
healthy)
    port=$(sed -n 's/^ *listen \([0-9]*\);$/\1/p' $conf | head -n 1)
    exec bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && printf "GET /nginx-is-well HTTP/1.0\r\n\r\n" >&3 && read -r _ status _ <&3 && [ "$status" = 204 ]' "$port"
    ;;
serve) ;;
*) exec "$@" ;;
esac

backend=${BACKEND:-$(beside):3233}
case "$backend" in *[!A-Za-z0-9.:_-]* | :* | *:) fail "BACKEND is not host:port: $backend" ;; *:*) ;; *) backend=$backend:3233 ;; esac
case "$PORT_FRONTEND" in *[!0-9]* | "") fail "PORT_FRONTEND is not a number: $PORT_FRONTEND" ;; esac
trusted=""
for network in $(echo "$TRUSTED_PROXIES" | tr , ' '); do
    case "$network" in *[!0-9a-fA-F.:/]*) fail "TRUSTED_PROXIES has what is no address: $network" ;; esac
    trusted="$trusted $network"
done
# Names are asked for anew while it runs: a back end may come later, and come back elsewhere.
names=$(sed -n 's/^nameserver *\([0-9a-fA-F.:]*\)$/\1/p' /etc/resolv.conf | sed '/:/s/.*/[&]/' | head -n 3 | tr '\n' ' ')
# Where the kernel has no IPv6, nginx would not start with such a line.
ipv4=""
[ -e /proc/net/if_inet6 ] || ipv4='/listen \[::\]/d'
sed -e "$ipv4" -e "s/@BACKEND@/$backend/" -e "s/@PORT@/$PORT_FRONTEND/" -e "s/@RESOLVER@/${names:-127.0.0.1}/" /opt/web/nginx.conf |
    while IFS= read -r line; do
        case "$line" in
        *@TRUSTED@*) for network in $trusted; do echo "${line%%@TRUSTED@*}$network${line#*@TRUSTED@}"; done ;;
        *) printf '%s\n' "$line" ;;
        esac
    done >$conf
exec nginx -c $conf -e stderr -g 'daemon off;'
