"""Installations whose rendered configuration is held to golden files: each way to be reached, each process manager."""

from pathlib import Path
from typing import Final

from comfytavern.deploy.render.site import Certificate, Container, Site

GOLDEN: Final = Path(__file__).parent / "rendered"
LETSENCRYPT: Final = "/etc/letsencrypt/live/tavern.example.org"
SITES: Final = {
    "systemd-http": Site(domain="tavern.example.org"),
    "systemd-tls": Site(
        domain="tavern.example.org", tls=Certificate(f"{LETSENCRYPT}/fullchain.pem", f"{LETSENCRYPT}/privkey.pem"), ipv6=True
    ),
    "systemd-brotli": Site(domain="tavern.example.org", brotli=True, upload_mib=1024),
    "supervisord-any-name": Site(driver="supervisord", http_port=8080, stop_s=60),
    "pm2-own-places": Site(
        root="/opt/tavern",
        user="tavern",
        driver="pm2",
        domain="tavern.example.org",
        http_port=8080,
        https_port=8443,
        tls=Certificate("/etc/ssl/tavern.crt", "/etc/ssl/private/tavern.key"),
    ),
    "podman-limits": Site(driver="podman", domain="tavern.example.org", container=Container(memory_mib=2048, cpus=1.5, pids=512)),
    "docker-registry": Site(
        driver="docker", ipv6=True, container=Container(image="registry.example.org/team/comfytavern", network="tavern")
    ),
}
"""By the name of the folder below `rendered/`."""
