"""The net is tight: a mistake in the rendered configuration, one at a time, is caught by the tool, probe or rule that is named with it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from comfytavern.deploy.render.site import render
from tests.golden.deploy import rules, validators
from tests.golden.deploy.front import CONFIG, Front
from tests.golden.deploy.probes import WITH_TLS
from tests.golden.deploy.sites import SITES
from tests.golden.deploy.test_validators import EXPOSED, UNITS, ask

pytestmark = pytest.mark.slow

HEADERS_OF_ASSETS = "location /assets/ {\n        try_files $uri @kept;\n        add_header Cache-Control"
API_TO_SLOT = "proxy_pass http://unix:/run/comfytavern/b/$comfytavern_bucket.sock:$request_uri;"


@dataclass(frozen=True)
class Mistake:
    """`old` is `new` in every place where it stands; `words` are in what is said of it."""

    old: str
    new: str
    caught_by: str
    words: str = ""
    tls: bool = False

    def made(self, text: str) -> str:
        assert self.old in text, f"{self.old!r} is not there"
        return text.replace(self.old, self.new)


IN_NGINX = {
    "a semicolon lost": Mistake("gzip_vary on;", "gzip_vary on", "nginx", "invalid"),
    "a directive that is none": Mistake("proxy_read_timeout", "proxy_reed_timeout", "nginx", "unknown directive"),
    "a location twice": Mistake("location = /ws {", "location = /metrics {", "nginx", "duplicate location"),
    "a certificate that is not there": Mistake(".crt;", ".missing;", "nginx", "cannot load certificate", tls=True),
    "headers of the server lost by those of a location": Mistake("server_tokens off;\n    root", "server_tokens off;\n    add_header X-Frame-Options DENY;\n    root", "gixy", "add_header_redefinition"),
    "an alias that can be climbed out of": Mistake("location /assets/ {\n        try_files $uri @kept;", "location /assets {\n        alias {root}/shared/assets/;", "gixy", "alias_traversal"),
    "the same alias, asked": Mistake("location /assets/ {\n        try_files $uri @kept;", "location /assets {\n        alias {root}/shared/assets/;", "probe private", "secret"),
    "a decoded path in a redirect": Mistake("$request_uri;\n    }\n\n    #", "$uri;\n    }\n\n    #", "gixy", "http_splitting", tls=True),
    "the same redirect, asked": Mistake("$request_uri;\n    }\n\n    #", "$uri;\n    }\n\n    #", "probe redirect", "", tls=True),
    "a name that clients choose": Mistake("proxy_set_header Host $comfytavern_host;", "proxy_set_header Host $http_host;", "gixy", "host_spoofing"),
    "the same name, asked": Mistake("proxy_set_header Host $comfytavern_host;", "proxy_set_header Host $http_host;", "probe proxy", "evil"),
    "no X-Forwarded-For": Mistake("proxy_set_header X-Forwarded-For $remote_addr;", "", "probe proxy", "10.9.8.7"),
    "X-Forwarded-For that clients begin": Mistake("X-Forwarded-For $remote_addr", "X-Forwarded-For $proxy_add_x_forwarded_for", "probe proxy", "10.9.8.7, 127.0.0.1"),
    "no X-Forwarded-Proto": Mistake("proxy_set_header X-Forwarded-Proto $scheme;", "", "probe proxy", "gopher"),
    "paths decoded on the way": Mistake(API_TO_SLOT, API_TO_SLOT.replace("$request_uri", "$uri"), "probe proxy", "a/b"),
    "no upgrade": Mistake("proxy_set_header Upgrade $http_upgrade;", "", "probe websocket", "HTTP/1.1 200"),
    "an upgrade that is not asked for": Mistake('proxy_set_header Connection "upgrade";', "", "probe websocket", ""),
    "sockets cut after a minute": Mistake("proxy_read_timeout 1h;", "proxy_read_timeout 60s;", "rules", "proxy_read_timeout"),
    "requests sent twice": Mistake("proxy_next_upstream off;", "", "rules", "sent twice"),
    "TLS of long ago": Mistake("ssl_protocols TLSv1.2 TLSv1.3;", "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;", "rules", "TLSv1.1", tls=True),
    "a page kept for a year": Mistake('add_header Cache-Control "no-cache";', "expires 1y;", "probe page", "max-age"),
    "a page that seems unchanged": Mistake("if_modified_since off;", "if_modified_since before;", "probe page", "304"),
    "no fallback for deep links": Mistake("try_files $uri /index.html;", "try_files $uri $uri/index.html =404;", "probe page", "/chats/7: 404"),
    "assets that are asked for anew": Mistake("max-age=31536000, immutable", "max-age=60", "probe assets", ""),
    "a page in place of a lost asset": Mistake("try_files $uri @kept;", "try_files $uri /index.html;", "probe assets", ""),
    "assets of earlier releases lost": Mistake("try_files $uri @kept;", "try_files $uri =404;", "probe assets", "earlier"),
    "files compressed anew each time": Mistake("gzip_static on;", "", "probe compression", ""),
    "no compression of answers": Mistake("gzip_proxied any;", "gzip_proxied any; gzip_min_length 100000;", "nginx", "duplicate"),
    "no content policy on assets": Mistake(HEADERS_OF_ASSETS, HEADERS_OF_ASSETS.replace("try_files", "add_header X-Other 1; try_files").replace("add_header Cache-Control", "expires 1y; } location /other/ { add_header Cache-Control"), "probe headers", "/assets/app-blue.js"),
    "no protection against sniffing": Mistake('add_header X-Content-Type-Options "nosniff"', 'add_header X-Content-Type-Options "sniff"', "probe headers", ""),
    "a version for attackers": Mistake("server_tokens off;", "server_tokens on;", "probe headers", ""),
    "small uploads only": Mistake("client_max_body_size 256m;", "", "probe uploads", "413"),
    "streams held back": Mistake("proxy_max_temp_file_size 0;", "gzip_types text/event-stream; gzip_min_length 0; proxy_ignore_headers X-Accel-Buffering;", "probe stream", "first"),
    "metrics for everybody": Mistake("return 404;", 'return 200 "comfytavern_up 1";', "probe private", ""),
    "buckets that are paths": Mistake('"~^(?<known>[0-9][0-9])$" $known;', '"~^(?<known>.+)$" $known;', "probe buckets", ""),
    "page and app of two releases": Mistake("root /run/comfytavern/r/$comfytavern_bucket;", "root /run/comfytavern/r/00;", "probe buckets", ""),
    "everybody moved at each visit": Mistake("map $cookie_ct_bucket", "map $cookie_other", "probe buckets", ""),
    "no way for ACME": Mistake("location ^~ /.well-known/acme-challenge/", "location ^~ /.well-known/other/", "probe acme", ""),
    "http that stays http": Mistake("return 301 https://", "return 301 http://", "probe redirect", "http://", tls=True),
    "https that does not stay": Mistake("Strict-Transport-Security", "X-Transport", "probe secure", "", tls=True),
    "a cookie in the clear": Mistake("; Secure", "", "probe secure", "Secure", tls=True),
    "no TLS for IPv6": Mistake("listen [::]:443 ssl http2;", "listen [::]:443;", "rules", "IPv6 on"),
    "https for IPv4 only": Mistake("    listen [::]:443 ssl http2;\n", "", "rules", "IPv6 on"),
    "http for IPv4 only": Mistake("    listen [::]:80;\n", "", "rules", "IPv6 on"),
    "no HTTP/2": Mistake(" ssl http2;", " ssl;", "probe secure", "no application protocol", tls=True),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_NGINX)
def test_a_mistake_in_nginx_is_caught(name: str, tmp_path: Path) -> None:
    mistake = IN_NGINX[name]
    ask("nginx")
    kind, _, probe = mistake.caught_by.partition(" ")
    if kind == "rules":
        said = rules.nginx(mistake.made(render(SITES["systemd-tls"])[CONFIG]))
    else:
        front = Front(tls=mistake.tls, change=lambda text: _placed(mistake, text))
        said = _asked(front, WITH_TLS[probe]) if kind == "probe" else _read(kind, front)
    assert said
    assert mistake.words in " ".join(said)


def _placed(mistake: Mistake, text: str) -> str:
    root = text.partition("-w ")[2].partition("/shared/acme")[0]
    return mistake.made(text).replace("{root}", root)


def _asked(front: Front, probe: Callable[[Front], None]) -> list[str]:
    with front:
        try:
            probe(front)
        except (AssertionError, OSError, KeyError) as error:
            return [str(error) or type(error).__name__]
    return []


def _read(validator: str, front: Front) -> list[str]:
    ask(validator)
    try:
        return getattr(validators, validator)(front.config, front.folder)
    finally:
        front.__exit__()


HARDENING = ("CapabilityBoundingSet=\n", "RestrictNamespaces=yes\n", "User={user}\nGroup={user}\n", "SystemCallFilter=@system-service\nSystemCallFilter=~@privileged\n")  # fmt: skip
IN_UNITS = {
    "a value that is none": Mistake("Restart=always", "Restart=allways", "systemd", "allways"),
    "a name that is none": Mistake("NotifyAccess=main", "NotifyAcces=main", "systemd", "NotifyAcces"),
    "a program by a relative path": Mistake("ExecStart=/srv/comfytavern/", "ExecStart=", "systemd", ""),
    "no restart": Mistake("Restart=always\n", "", "rules", "Restart"),
    "helpers killed while it drains": Mistake("KillMode=mixed\n", "", "rules", "KillMode"),
    "killed before it has drained": Mistake("TimeoutStopSec=150", "TimeoutStopSec=10", "rules", "TimeoutStopSec"),
    "no settings": Mistake("EnvironmentFile=/etc/comfytavern/env/%i.env\n", "", "rules", "EnvironmentFile"),
    "the settings of the other slot's deployment": Mistake("env/%i.env", "env/base.env", "rules", "base.env"),
    "a data folder that is read-only": Mistake("ReadWritePaths=", "ReadOnlyPaths=", "rules", "write its data"),
    "a system that can be written": Mistake("ProtectSystem=strict\n", "", "rules", "ProtectSystem"),
    "root's rights for new programs": Mistake("NoNewPrivileges=yes\n", "", "rules", "NoNewPrivileges"),
    **{f"without {line.split()[0]}": Mistake(line.format(user="comfytavern"), "", "exposure") for line in HARDENING},
}


@pytest.mark.parametrize("name", IN_UNITS)
def test_a_mistake_in_the_unit_is_caught(name: str, tmp_path: Path) -> None:
    mistake, site = IN_UNITS[name], SITES["systemd-http"]
    files = render(site)
    text = mistake.made(files[f"{UNITS}comfytavern@.service"])
    match mistake.caught_by:
        case "exposure":
            ask("systemd")
            assert validators.exposure(text, tmp_path) > EXPOSED
            return
        case "systemd":
            ask("systemd")
            said = validators.systemd({"comfytavern@.service": text, "comfytavern@.socket": files[f"{UNITS}comfytavern@.socket"]}, tmp_path)
        case _:
            said = rules.service(text, site)
    assert said
    assert mistake.words in " ".join(said)


@pytest.mark.parametrize(
    "mistake", [Mistake("SocketMode=0660", "SocketMode=0666", "rules"), Mistake("RemoveOnStop=yes\n", "", "rules"), Mistake("SocketGroup=www-data", "SocketGroup=root", "rules")]
)  # fmt: skip
def test_a_mistake_in_the_socket_is_caught(mistake: Mistake) -> None:
    assert rules.socket(mistake.made(render(SITES["systemd-http"])[f"{UNITS}comfytavern@.socket"]))


IN_SUPERVISORD = {
    "a value that is none": Mistake("autorestart=true", "autorestart=maybe", "supervisord", "maybe"),
    "no command": Mistake("command=", "commands=", "supervisord", "command"),
    "no restart": Mistake("autorestart=true", "autorestart=false", "rules", "autorestart"),
    "killed before it has drained": Mistake("stopwaitsecs=60", "stopwaitsecs=10", "rules", "stopwaitsecs"),
    "helpers told to stop at once": Mistake("stopasgroup=false", "stopasgroup=true", "rules", "stopasgroup"),
    "a socket for everybody": Mistake("socket_mode=0660", "socket_mode=0666", "rules", "mode"),
}
IN_PM2 = {
    "a comma lost": Mistake('interpreter: "none",', 'interpreter: "none"', "pm2", "SyntaxError"),
    "no restart": Mistake("autorestart: true", "autorestart: false", "rules", "autorestart"),
    "run by Node": Mistake('      interpreter: "none",\n', "", "rules", "interpreter"),
    "killed before it has drained": Mistake("kill_timeout: 150000", "kill_timeout: 1600", "rules", "kill_timeout"),
    "a secret in PM2's dump": Mistake("merge_logs: true,", 'merge_logs: true, env: { JWT_SECRET: "x" },', "rules", "env"),
}


@pytest.mark.parametrize("name", IN_SUPERVISORD)
def test_a_mistake_for_supervisord_is_caught(name: str, tmp_path: Path) -> None:
    ask("supervisord")
    site = SITES["supervisord-any-name"]
    text = render(site)["/etc/supervisor/conf.d/comfytavern-blue.conf"]
    _caught(IN_SUPERVISORD[name], text, partial(validators.supervisord, folder=tmp_path), partial(rules.supervisord, site=site))


@pytest.mark.parametrize("name", IN_PM2)
def test_a_mistake_for_pm2_is_caught(name: str, tmp_path: Path) -> None:
    ask("pm2")
    site = SITES["pm2-own-places"]
    text = render(site)["/etc/comfytavern/pm2-blue.config.js"]
    _caught(IN_PM2[name], text, partial(validators.pm2, folder=tmp_path), partial(rules.pm2, site=site))


def _caught(mistake: Mistake, text: str, read: Callable[..., tuple[dict[str, object], list[str]]], rule: Callable[..., list[str]]) -> None:
    found, said = read(mistake.made(text))
    if mistake.caught_by == "rules":
        assert said == []
        said = rule(found)
    assert said
    assert mistake.words in " ".join(said)
