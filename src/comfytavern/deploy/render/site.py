"""What the configuration of a host depends on, and everything that is rendered from it. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import jinja2

from comfytavern.deploy.render import closed

SLOTS: Final = ("blue", "green")
DRIVERS: Final = ("systemd", "supervisord", "pm2", "podman", "docker")
ENGINES: Final = ("podman", "docker")
CSP: Final = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; frame-src 'self'; frame-ancestors 'self'; object-src 'none'; "
    "base-uri 'self'; form-action 'self'"
)
"""As the app sends it itself (api/edge.py; a test compares the two)."""
HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), payment=(), usb=()",
}
NGINX: Final = "/etc/nginx/conf.d/comfytavern.conf"
CONTAINER: Final = "/etc/comfytavern/container.json"
EXAMPLE: Final = "tavern.example.org"
TEMPLATES: Final = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files on the host: the certificate with its chain, and its key."""

    certificate: str
    key: str


@dataclass(frozen=True, slots=True)
class Container:
    """What a slot runs in, for podman and docker; as [container] of deploy.toml has it."""

    image: str = ""
    base: str = "python:3.11-slim-bookworm"
    base_archive: str = ""
    network: str = "host"
    memory_mib: int = 0
    cpus: float = 0
    pids: int = 4096
    files: int = 65536
    log_mib: int = 50
    log_files: int = 5


@dataclass(frozen=True, slots=True)
class Site:
    """One host's share of an installation. `domain` empty: any name. `stop_s`: how long a process may take to leave."""

    root: str = "/srv/comfytavern"
    user: str = "comfytavern"
    driver: str = "systemd"
    domain: str = ""
    http_port: int = 80
    https_port: int = 443
    tls: Certificate | None = None
    upload_mib: int = 256
    stop_s: int = 150
    ipv6: bool = False
    """nginx listens on [::] too."""
    brotli: bool = False
    """nginx has the module that serves the .br files."""
    container: Container = Container()

    @property
    def address(self) -> str:
        """Return name and port of the site, as a browser's Host header has them."""
        port, usual = (self.https_port, 443) if self.tls else (self.http_port, 80)
        return self.domain if port == usual else f"{self.domain}:{port}"

    @property
    def ctd(self) -> str:
        """Return how the agent is called."""
        return f"/usr/bin/python3 -IS {self.root}/bin/ctd.pyz --root {self.root}"


def render(site: Site) -> dict[str, str]:
    """Return the text of every file, by its path on the host: nginx, the start at boot, and the files of the process manager."""
    files = {
        NGINX: "nginx.conf",
        "/etc/systemd/system/comfytavern-boot.service": "boot.service",
        "/etc/tmpfiles.d/comfytavern.conf": "tmpfiles.conf",
        "/etc/logrotate.d/comfytavern": "logrotate",
    }
    match site.driver:
        case "systemd":
            del files["/etc/logrotate.d/comfytavern"]  # The journal rotates itself.
            files |= {f"/etc/systemd/system/comfytavern@.{kind}": f"slot.{kind}" for kind in ("service", "socket")}
        case "pm2":
            files["/etc/systemd/system/comfytavern-pm2.service"] = "pm2.service"
        case "podman" | "docker":
            del files["/etc/logrotate.d/comfytavern"]  # The engine keeps the log.
        case _:
            pass
    texts = {path: _text(name, site) for path, name in files.items()}
    if site.driver in ENGINES:
        texts[CONTAINER] = json.dumps(asdict(site.container) | {"stop_s": site.stop_s}, indent=1, sort_keys=True) + "\n"
    for slot in SLOTS:
        match site.driver:
            case "supervisord":
                texts[f"/etc/supervisor/conf.d/comfytavern-{slot}.conf"] = _text("supervisord.conf", site, slot=slot)
            case "pm2":
                texts[f"/etc/comfytavern/pm2-{slot}.config.js"] = _text("pm2.config.js", site, slot=slot)
            case _:
                pass
    return dict(sorted(texts.items()))


def defaults() -> dict[str, str]:
    """Return what a release brings along for people who set a host up by hand: `<driver>/<path on the host>`, and nginx with TLS.

    A site of any name on port 80; that with TLS is called tavern.example.org, and its certificate is where certbot puts it. Both listen on
    IPv6 too, as Debian's own site does.
    """
    found = {f"{driver}{path}": text for driver in DRIVERS for path, text in render(Site(driver=driver, ipv6=True)).items()}
    place = f"/etc/letsencrypt/live/{EXAMPLE}"
    secure = render(Site(domain=EXAMPLE, tls=Certificate(f"{place}/fullchain.pem", f"{place}/privkey.pem"), ipv6=True))
    return found | {f"tls{NGINX}": secure[NGINX]}


def _text(template: str, site: Site, **more: str) -> str:
    engine = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 -- configuration files, not HTML; every value was checked by deploy/spec
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    values = {"headers": _headers(site), "buckets": range(99), "closed_page": closed.PAGE, "closed_problem": closed.PROBLEM}
    return engine.get_template(template + ".j2").render(site=site, **values, **more)


def _headers(site: Site) -> Mapping[str, str]:
    return HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if site.tls else {})
