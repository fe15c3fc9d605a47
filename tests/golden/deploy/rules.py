"""What must stand in rendered configuration though no tool asks for it: each rule returns sentences, none for a good file."""

import re
from typing import Any, Final

from comfytavern.deploy.render.site import Site

HOUR: Final = "1h"
LOCATION: Final = re.compile(r"^    location (?P<where>[^{]+) \{\n(?P<body>.*?)^    \}", re.MULTILINE | re.DOTALL)
SERVICE: Final = {
    "Type": ["notify"],
    "Restart": ["always"],
    "KillMode": ["mixed"],
    "NoNewPrivileges": ["yes"],
    "CapabilityBoundingSet": [""],
    "ProtectSystem": ["strict"],
    "UMask": ["0027"],
    "EnvironmentFile": ["/etc/comfytavern/env/%i.env"],
}
SOCKET: Final = {"ListenStream": ["/run/comfytavern/%i.sock"], "SocketMode": ["0660"], "SocketGroup": ["www-data"], "RemoveOnStop": ["yes"]}


def nginx(text: str) -> list[str]:
    """Return what is missing where requests are passed on: patience, no second try; and TLS that is too old."""
    found: list[str] = []
    for location in LOCATION.finditer(text):
        where, body = location["where"], location["body"]
        if "proxy_pass" not in body:
            continue
        found += [
            f"{where}: {name} is not an hour." for name in ("proxy_read_timeout", "proxy_send_timeout") if f"{name} {HOUR};" not in body
        ]
        if "proxy_next_upstream off;" not in body:
            found.append(f"{where}: a request may be sent twice.")
    found += _families(text)
    protocols = set(re.findall(r"ssl_protocols ([^;]+);", text))
    if "ssl_certificate" in text and protocols != {"TLSv1.2 TLSv1.3"}:
        found.append(f"TLS is {protocols or 'left to the default'}.")
    return found


def _families(text: str) -> list[str]:
    """Return where only one of IPv4 and IPv6 is listened on, or not in the same way: some visitors would find nothing, or no TLS."""
    listens = re.findall(r"^    listen (\[::\]:)?([^;]+);", text, re.MULTILINE)
    four, six = (sorted(rest for prefix, rest in listens if bool(prefix) is wanted) for wanted in (False, True))
    return [f"IPv4 listens on {four}, IPv6 on {six}."] if six and four != six else []


def service(text: str, site: Site) -> list[str]:
    """Return what the unit of a slot lacks: it must come back after a crash, and live long enough to drain."""
    settings = _settings(text)
    found = _differs(settings, SERVICE | {"User": [site.user], "TimeoutStopSec": [str(site.stop_s)]})
    if not any(path.endswith("/shared/data") for path in " ".join(settings.get("ReadWritePaths", [])).split()):
        found.append("It cannot write its data.")
    return found


def socket(text: str) -> list[str]:
    """Return what the socket lacks: nginx and the app may use it, nobody else."""
    return _differs(_settings(text), SOCKET)


def supervisord(process: dict[str, Any], site: Site) -> list[str]:
    """Return what supervisord would do wrong with a slot."""
    wanted = {
        "autorestart": "RestartUnconditionally",
        "autostart": False,
        "stopwaitsecs": site.stop_s,
        "stopsignal": 15,
        "stopasgroup": False,
        "killasgroup": True,
        "redirect_stderr": True,
        "mode": 0o660,
        "backlog": 2048,
    }
    return [f"{name} is {process.get(name)}, not {value}." for name, value in wanted.items() if process.get(name) != value]


def pm2(app: dict[str, Any], site: Site) -> list[str]:
    """Return what PM2 would do wrong with a slot."""
    wanted = {"autorestart": True, "interpreter": "none", "exec_mode": "fork", "kill_timeout": site.stop_s * 1000, "treekill": False}
    found = [f"{name} is {app.get(name)}, not {value}." for name, value in wanted.items() if app.get(name) != value]
    return found + [f"{name} has no place here: PM2 keeps it in a file." for name in ("env", "env_production", "env_file") if name in app]


def _settings(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def _differs(settings: dict[str, list[str]], wanted: dict[str, list[str]]) -> list[str]:
    return [f"{name} is {settings.get(name)}, not {value}." for name, value in wanted.items() if settings.get(name) != value]
