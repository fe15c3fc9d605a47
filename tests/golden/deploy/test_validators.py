"""Everything that is rendered is read by what reads it on a host; none of them has anything to say."""

from pathlib import Path

import pytest

from comfytavern.deploy.render.site import Certificate, Site, render
from tests.golden.deploy import rules, validators
from tests.golden.deploy.certificates import Authority
from tests.golden.deploy.front import BROTLI, CONFIG, NO_BROTLI
from tests.golden.deploy.sites import SITES
from tests.server import free_port

pytestmark = pytest.mark.slow

UNITS = "/etc/systemd/system/"
EXPOSED = 1.8
"""What the unit of a slot reaches is 1.6 of 10."""


def ask(validator: str) -> None:
    if why := validators.absent(validator):
        pytest.skip(why)


def written(site: Site, folder: Path) -> Path:
    """Return the file of a site's nginx configuration, on free ports and with a certificate that exists."""
    text = render(site)[CONFIG]
    if site.tls:
        given = Certificate(*map(str, Authority(folder).issue(site.domain)))
        text = text.replace(site.tls.certificate, given.certificate).replace(site.tls.key, given.key)
    for port in (site.http_port, site.https_port):
        text = text.replace(f"listen {port}", f"listen {free_port()}").replace(f"listen [::]:{port}", f"listen [::1]:{free_port()}")
    file = folder / "site.conf"
    file.write_text(text)
    return file


@pytest.mark.parametrize("name", SITES)
def test_nginx_takes_it(name: str, tmp_path: Path) -> None:
    ask("nginx")
    file = written(SITES[name], tmp_path)
    if SITES[name].brotli and not BROTLI.exists():
        pytest.skip(NO_BROTLI)
    assert validators.nginx(file, tmp_path) == []


@pytest.mark.parametrize("name", SITES)
def test_gixy_finds_nothing_of_medium_severity(name: str, tmp_path: Path) -> None:
    ask("gixy")
    assert validators.gixy(written(SITES[name], tmp_path), tmp_path, any_name=not SITES[name].domain) == []


@pytest.mark.parametrize("name", SITES)
def test_systemd_reads_every_unit_without_a_word(name: str, tmp_path: Path) -> None:
    ask("systemd")
    units = {path.removeprefix(UNITS): text for path, text in render(SITES[name]).items() if path.startswith(UNITS)}
    assert units
    assert validators.systemd(units, tmp_path) == []


@pytest.mark.parametrize("name", ["systemd-http", "systemd-tls"])
def test_a_slot_is_hardly_exposed(name: str, tmp_path: Path) -> None:
    ask("systemd")
    assert validators.exposure(render(SITES[name])[f"{UNITS}comfytavern@.service"], tmp_path) <= EXPOSED


@pytest.mark.parametrize("slot", ["blue", "green"])
def test_supervisord_reads_what_we_mean(slot: str, tmp_path: Path) -> None:
    ask("supervisord")
    site = SITES["supervisord-any-name"]
    process, said = validators.supervisord(render(site)[f"/etc/supervisor/conf.d/comfytavern-{slot}.conf"], tmp_path)
    assert said == []
    assert rules.supervisord(process, site) == []
    assert process["command"].endswith(f'execute \'{{"slot":"{slot}"}}\'')


@pytest.mark.parametrize("slot", ["blue", "green"])
def test_pm2_is_given_what_we_mean(slot: str, tmp_path: Path) -> None:
    ask("pm2")
    site = SITES["pm2-own-places"]
    app, said = validators.pm2(render(site)[f"/etc/comfytavern/pm2-{slot}.config.js"], tmp_path)
    assert said == []
    assert rules.pm2(app, site) == []
    assert app["args"][-1] == f'{{"slot":"{slot}"}}'


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_no_rule_is_broken(site: Site) -> None:
    files = render(site)
    assert rules.nginx(files[CONFIG]) == []
    if site.driver == "systemd":
        assert rules.service(files[f"{UNITS}comfytavern@.service"], site) == []
        assert rules.socket(files[f"{UNITS}comfytavern@.socket"]) == []
