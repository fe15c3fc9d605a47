"""HTTPS on a real machine: a certificate that cannot serve is refused, a good one serves, and its successor is taken over by a reload."""

import json
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comfytavern.deploy.render.site import HEADERS
from tests.golden.deploy.certificates import Authority
from tests.lab.fleet import Fleet
from tests.lab.installation import SITE, CliFailed, Installation
from tests.lab.traffic import NAME, PASSWORD

CERTIFICATE, KEY = "/etc/ssl/tavern.crt", "/etc/ssl/private/tavern.key"
TLS = f'[tls]\ncertificate = "{CERTIFICATE}"\nkey = "{KEY}"'
CHECK = """
import socket, sys
real, site, address = socket.getaddrinfo, *sys.argv[1:3]
socket.getaddrinfo = lambda host, *more, **named: real(address if host in (site, site.encode()) else host, *more, **named)
sys.argv = ["comfytavern", "check", f"https://{site}", *sys.argv[3:]]
from comfytavern.cli.main import main
main()
"""
"""`comfytavern check`, for a name that no DNS knows."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def site(able: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Fleet(1) as fleet:
        site = Installation(fleet, tmp_path_factory.mktemp("site"), strategy="replace", more=TLS)
        site.prepare()
        yield site


def place(site: Installation, pair: tuple[Path, Path]) -> None:
    """Put certificate and key where deploy.toml says."""
    for path, file in zip((CERTIFICATE, KEY), pair, strict=True):
        target = Path(f"{site.fleet.machines[0].root}{path}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())


def ask(site: Installation, authority: Authority, url: str) -> tuple[str, dict[str, str]]:
    """Return the first line and the headers that a trusting client gets."""
    there = [word for port in (80, 443) for word in ("--resolve", f"{SITE}:{port}:{site.fleet.machines[0].address}")]
    done = site.fleet.controller(["curl", "-sS", "-m", "10", "-o", "/dev/null", "-D", "-", "--cacert", str(authority.file), *there, url])
    assert done.returncode == 0, done.stderr
    first, *lines = done.stdout.strip().splitlines()
    return first, {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def served(site: Installation) -> bytes:
    """Return the certificate that nginx shows to who comes now."""
    script = "import ssl, sys; print(ssl.get_server_certificate((sys.argv[1], 443)))"
    return ssl.PEM_cert_to_DER_cert(site.fleet.controller([sys.executable, "-c", script, site.fleet.machines[0].address]).stdout)


def first_of(file: Path) -> bytes:
    """Return the first certificate of a file."""
    return ssl.PEM_cert_to_DER_cert(file.read_text().partition("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n")


def refusal(site: Installation, artifact: Path) -> dict[str, Any]:
    """Return what a refused deployment printed."""
    with pytest.raises(CliFailed) as failed:
        site.deploy("apply", str(artifact), "--yes")
    return json.loads(failed.value.done.stdout.splitlines()[-1])


def test_a_pair_that_cannot_serve_is_refused_before_anything_is_begun(
    site: Installation, authority: Authority, artifacts: list[Path]
) -> None:
    cases = {
        "does not belong to the certificate": (authority.issue(SITE)[0], authority.issue(SITE)[1]),
        "ended 20": authority.issue(SITE, days=-1),
    }
    for words, pair in cases.items():
        place(site, pair)
        said = refusal(site, artifacts[0])
        assert said["code"] == "deploy.preflight"
        assert words in json.dumps(said)
        assert CERTIFICATE in json.dumps(said)
    assert site.state(site.fleet.machines[0]).get("active") is None
    assert not site.fleet.machines[0].read("/etc/nginx/conf.d/comfytavern.conf")


def test_https_serves_and_the_whole_check_is_content(
    site: Installation, authority: Authority, artifacts: list[Path], tmp_path: Path
) -> None:
    place(site, authority.issue(SITE))
    site.deploy("apply", str(artifacts[0]), "--yes")
    for path in ("/", "/chats/7"):
        first, headers = ask(site, authority, f"https://{SITE}{path}")
        assert first.split()[:2] == ["HTTP/2", "200"]
        assert {name: headers.get(name.lower()) for name in HEADERS} == HEADERS
        assert headers["strict-transport-security"] == "max-age=31536000"
        assert "Secure" in headers["set-cookie"]
    assert ask(site, authority, f"https://{SITE}/version")[1]["strict-transport-security"] == "max-age=31536000"
    first, headers = ask(site, authority, f"http://{SITE}/chats/7?a=b")
    assert (first.split()[1], headers["location"]) == ("301", f"https://{SITE}/chats/7?a=b")
    site.add_person(NAME, PASSWORD)
    (tmp_path / "password").write_text(PASSWORD)
    words = ["--ca", str(authority.file), "--no-browser", "--json", "--user", NAME, "--password-file", str(tmp_path / "password")]
    done = site.fleet.controller([sys.executable, "-c", CHECK, SITE, site.fleet.machines[0].address, *words])
    found = {each["check"]: (each["verdict"], each["sentence"]) for each in json.loads(done.stdout)["findings"]}
    assert done.returncode == 0, found
    assert {found[name][0] for name in ("certificate", "https", "websocket", "login", "workflow", "headers")} == {"ok"}, found


def test_a_renewed_certificate_is_taken_over_by_the_next_apply_and_nothing_else_happens(
    site: Installation, authority: Authority, artifacts: list[Path]
) -> None:
    before, pids = served(site), site.fleet.machines[0].run("pgrep -u comfytavern -f 'comfytavern serve'")
    new = authority.issue(SITE)
    place(site, new)
    assert served(site) == before, "nginx has not read it yet"
    said = site.deploy("apply", str(artifacts[0]), "--yes")
    assert "site" in json.dumps(said["plan"])
    until = time.monotonic() + 10
    while served(site) != first_of(new[0]) and time.monotonic() < until:  # nginx takes a reload up when it gets round to it.
        time.sleep(0.1)
    assert served(site) == first_of(new[0])
    assert site.fleet.machines[0].run("pgrep -u comfytavern -f 'comfytavern serve'") == pids
    assert not site.deploy("apply", str(artifacts[0]), "--yes")["plan"].get("stages")
