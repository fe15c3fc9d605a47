#!/bin/sh
# Makes what compose.production.yml asks for in ./secrets (or in the folder given). What is there stays; nothing is shown.
# Only root and you get into the folder; the files inside can be read by the user of the container.
set -eu
folder=${1:-secrets}
umask 077
mkdir -p "$folder"
once() {
    [ -s "$folder/$1" ] || { cat >"$folder/.$1" && chmod 0444 "$folder/.$1" && mv "$folder/.$1" "$folder/$1"; }
}
openssl rand -base64 48 | tr -d '\n' | once jwt_secret
openssl rand -hex 24 | tr -d '\n' | once postgres_password
printf 'postgresql://comfytavern:%s@db/comfytavern' "$(cat "$folder/postgres_password")" | once database_url
echo "Ready: $folder"
