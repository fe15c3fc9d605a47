"""The pages for operators, typed word by word: from a bare server to HTTPS, and the verbs on a host."""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from comfytavern.testing.releases import packed, variant
from tests.lab.fleet import Fleet
from tests.lab.installation import CLI
from tests.unit.docs.pages import OPERATE

DOMAIN: Final = "tavern.example.org"
CHALLENGES: Final = "/srv/comfytavern/shared/acme/.well-known/acme-challenge"
HERE: Final = re.compile(r"^<!-- lab -->\n```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""What is typed on the laptop."""
THERE: Final = re.compile(r"^<!-- lab: server -->\n```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""What is typed on the server."""
PAGE: Final = (OPERATE / "from-server-to-https.md").read_text(encoding="utf-8")
RECOVERY: Final = (OPERATE / "disaster-recovery.md").read_text(encoding="utf-8")
SHELL: Final = 'mount --bind "$1" /etc/hosts && cd "$HOME/tavern" && exec bash -euo pipefail -c "$2"'
"""The laptop knows the name from its own /etc/hosts instead of from DNS."""


@dataclass(frozen=True)
class Laptop:
    """Where an operator types: a home with keys, a folder for the installation, the program on the path."""

    fleet: Fleet
    home: Path
    release: Path

    def types(self, text: str) -> str:
        """Run commands as they stand in the page; return what they print. Fails with all that was said."""
        env = {"HOME": str(self.home), "PATH": f"{self.home / 'bin'}:{os.environ['PATH']}", "RELEASE": str(self.release), "NO_COLOR": "1"}
        words = ["unshare", "-m", "--propagation", "private", "bash", "-c", SHELL, "bash", str(self.home / "hosts"), text]
        done = self.fleet.controller(words, env=env, timeout_s=300)
        assert done.returncode == 0, f"{text}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def program(self, name: str, *words: str) -> None:
        """Put a program on the path that is another one with some words before its own."""
        path = self.home / "bin" / name
        path.write_text(f'#!/bin/sh\nexec {" ".join(words)} "$@"\n')
        path.chmod(0o755)


@pytest.fixture
def laptop(able: None, base: Path, tmp_path: Path) -> Iterator[Laptop]:
    """What step 1 to 3 of the page leave behind: a server that lets us in, keys, a signed release."""
    for folder in (".ssh", "bin", "tavern"):
        (tmp_path / folder).mkdir()
    for key, comment in (("tavern", "deploy tavern"), ("release", "release@example.org")):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", tmp_path / ".ssh" / key], check=True)
    made = variant(base, "0.1.0+guide", out=tmp_path / "releases", sign_key=tmp_path / ".ssh" / "release")
    with Fleet(1) as fleet:
        machine = fleet.machines[0]
        machine.run("cat >> ~/.ssh/authorized_keys", given=(tmp_path / ".ssh" / "tavern.pub").read_bytes())
        (tmp_path / ".ssh" / "known_hosts").write_text(f"{DOMAIN} {machine.host_key}\n")
        (tmp_path / "hosts").write_text(f"127.0.0.1 localhost\n{machine.address} {DOMAIN}\n")
        laptop = Laptop(fleet, tmp_path, packed(made, tmp_path))
        laptop.program("comfytavern", *CLI)
        for name in ("ssh", "scp"):  # they ask the system for our home, not the environment
            laptop.program(name, f"/usr/bin/{name}", "-o", f"UserKnownHostsFile={tmp_path / '.ssh' / 'known_hosts'}")
        yield laptop


@pytest.mark.slow
def test_the_page_from_a_bare_server_to_https_is_right(laptop: Laptop) -> None:
    toml = next(re.finditer(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))[1]
    own_ca = next(text for text in re.findall(r"^```bash\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) if "-x509" in text)
    (laptop.home / "tavern" / "deploy.toml").write_text(toml)
    laptop.types(own_ca)
    said = [laptop.types(text) for text in HERE.findall(PAGE)]
    assert len(said) == 7, "the page has as many blocks that are tried"
    assert "0.1.0+guide serves" in said[-2]
    assert f"https://{DOMAIN}/setup?token=" in said[-1]
    report = laptop.types(f"comfytavern check https://{DOMAIN} --ca ca.pem --no-browser")
    assert " fail" not in report
    machine = laptop.fleet.machines[0]
    machine.run(f"install -d {CHALLENGES} && echo proof > {CHALLENGES}/token")
    assert laptop.types(f"curl -sf http://{DOMAIN}/.well-known/acme-challenge/token") == "proof\n"
    told = [machine.run(text, timeout_s=120) for text in THERE.findall(RECOVERY)]
    assert "level" in told[0]
    assert "would be back in" in told[1]
    backup = re.search(r"bak_\w+", told[1])
    assert backup
    laptop.types(f"comfytavern deploy rollback 0.1.0+guide --restore-db --backup {backup[0]} --yes --lose-data")
    assert "0.1.0+guide serves" in laptop.types("comfytavern deploy status")
