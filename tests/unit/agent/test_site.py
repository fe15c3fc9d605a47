"""The host's configuration is written only where ours belongs, judged by nginx itself, and put back when it is refused."""

import hashlib
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from comfytavern.deploy.agent import disk, facts, process, site
from comfytavern.deploy.agent.failures import Failed
from comfytavern.deploy.render.site import NGINX, Certificate, Site, render
from tests.golden.deploy.certificates import Authority
from tests.golden.deploy.front import NGINX as PROGRAM
from tests.server import free_port
from tests.unit.agent.ground import Ground

pytestmark = pytest.mark.skipif(not Path(PROGRAM).exists(), reason="there is no nginx on this box (tools/services.sh)")
WRAPPER = "error_log {folder}/error.log; pid {folder}/nginx.pid; events {{}} http {{ include {folder}/etc/nginx/conf.d/*.conf; }}"
SCRIPT = """#!/bin/sh
echo "$@" >> {folder}/asked
case "$*" in *reload*) exit 0 ;; esac
exec {nginx} "$@" -p {folder} -c {folder}/nginx.conf
"""


@pytest.fixture
def host(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """A host whose nginx reads the configuration in the folder; what it is asked is written down."""
    folder = ground.folder
    (folder / "bin").mkdir()
    (folder / "nginx.conf").write_text(WRAPPER.format(folder=folder))
    script = folder / "bin/nginx"
    script.write_text(SCRIPT.format(folder=folder, nginx=PROGRAM))
    script.chmod(0o755)
    monkeypatch.setitem(process.ENVIRONMENT, "PATH", f"{folder}/bin:{process.ENVIRONMENT['PATH']}")
    return ground


def files(change: tuple[str, str] = ("", ""), tls: Certificate | None = None) -> dict[str, dict[str, Any]]:
    """Return what a deployment writes, on free ports."""
    rendered = render(Site(domain="tavern.example.org", http_port=free_port(), https_port=free_port(), tls=tls))
    return {
        path: {"text": text.replace(*change) if path == NGINX and change[0] else text, "mode": 0o644} for path, text in rendered.items()
    }


def asked(host: Ground) -> list[str]:
    """Return what nginx was asked to do since the last look."""
    file = host.folder / "asked"
    said = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return ["reload" if "reload" in line else "test" for line in said]


def test_a_site_is_written_tried_and_read_once(host: Ground) -> None:
    wanted = files()
    said = site.site(host.context(), wanted)
    assert sorted(said["changed"]) == sorted(wanted)
    assert asked(host) == ["test", "reload"]
    assert said["sha256"] == facts.facts(host.context())["site_sha256"]
    assert site.site(host.context(), wanted)["changed"] == []
    assert asked(host) == [], "what is there already is left alone"


@pytest.mark.parametrize("before", [True, False], ids=["over another", "on a bare host"])
def test_a_configuration_that_nginx_refuses_is_put_back_and_named(host: Ground, *, before: bool) -> None:
    good = files()
    if before:
        site.site(host.context(), good)
        asked(host)
    with pytest.raises(Failed) as refused:
        site.site(host.context(), files(("gzip_vary on;", "gzip_vary maybe;")))
    assert refused.value.code == "deploy.nginx_refused"
    assert "gzip_vary" in refused.value.sentence
    assert asked(host) == ["test"], "and it is never asked to read it"
    for path, entry in good.items():
        there = disk.read(host.paths.system(path))
        assert there == (entry["text"].encode() if before else None), path


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl on this box")
def test_a_renewed_certificate_is_read_though_no_file_of_ours_changed(host: Ground, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    pair = Certificate(str(tmp_path / "site.crt"), str(tmp_path / "site.key"))

    def renew() -> None:
        for path, file in zip((pair.certificate, pair.key), authority.issue("tavern.example.org"), strict=True):
            shutil.copy(file, path)

    renew()
    wanted, given = files(tls=pair), {"certificate": pair.certificate, "key": pair.key}
    said = site.site(host.context(), wanted, **given)
    asked(host)
    assert facts.facts(host.context())["site_sha256"] == said["sha256"]
    renew()
    assert facts.facts(host.context())["site_sha256"] is None, "so the next plan has the site in it"
    said = site.site(host.context(), wanted, **given)
    assert (said["changed"], said["renewed"], asked(host)) == ([], True, ["test", "reload"])
    shutil.copy(authority.issue("tavern.example.org")[1], pair.key)
    with pytest.raises(Failed, match="key values mismatch"):
        site.site(host.context(), wanted, **given)
    assert asked(host) == ["test"]


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/etc/nginx/nginx.conf",
        "/etc/nginx/conf.d/other.conf",
        "/etc/nginx/conf.d/../nginx.conf",
        "/etc/systemd/system/ssh.service",
        "/etc/comfytavern/../passwd",
        "/srv/elsewhere",
        "relative",
        "",
    ],
)
def test_a_place_that_is_not_ours_is_refused(ground: Ground, path: str) -> None:
    for write in (lambda: site.put(ground.context("put", stdin=b"x"), path), lambda: site.site(ground.context(), {path: {"text": "x"}})):
        with pytest.raises(Failed) as refused:
            write()
        assert refused.value.code == "deploy.not_ours"


def test_a_link_that_leads_out_of_our_places_is_refused(ground: Ground, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (Path(ground.paths.etc) / "env").rmdir()
    (Path(ground.paths.etc) / "env").symlink_to(outside)
    with pytest.raises(Failed) as refused:
        site.put(ground.context("put", stdin=b"x"), "/etc/comfytavern/env/base.env")
    assert refused.value.code == "deploy.not_ours"
    assert list(outside.iterdir()) == []


def test_a_secret_arrives_whole_and_is_for_root_only(ground: Ground) -> None:
    content = b"JWT_SECRET=hidden\n"
    path, digest = "/etc/comfytavern/env/secrets.env", hashlib.sha256(content).hexdigest()
    with pytest.raises(Failed) as refused:
        site.put(ground.context("put", stdin=content[:-3]), path, 0o600, sha256=digest)
    assert refused.value.code == "deploy.cut_off"
    assert not Path(ground.paths.system(path)).exists()
    said = [site.put(ground.context("put", stdin=content), path, 0o600, sha256=digest) for _ in range(2)]
    assert said == [{"changed": True}, {"changed": False}]
    assert stat.S_IMODE(Path(ground.paths.system(path)).stat().st_mode) == 0o600
    Path(ground.paths.system(path)).chmod(0o644)
    assert site.put(ground.context("put", stdin=content), path, 0o600)["changed"], "a mode that was loosened is mended"
