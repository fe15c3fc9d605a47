"""Rendered configuration is text that a person reads: every file of every kind of site is held to a golden file.

Write them anew with `COMFYTAVERN_GOLDEN=write pytest tests/golden/deploy/test_rendered.py`, and read the difference before it is committed.
"""

import os
import shutil

import pytest

from comfytavern.api import edge
from comfytavern.boot.release import app
from comfytavern.deploy.agent.site import OURS
from comfytavern.deploy.render import site as room
from comfytavern.deploy.render.site import Site, render
from tests.golden.deploy.sites import GOLDEN, SITES


@pytest.mark.parametrize("name", SITES)
def test_a_site_is_rendered_as_its_golden_files_say(name: str) -> None:
    folder, rendered = GOLDEN / name, render(SITES[name])
    if os.environ.get("COMFYTAVERN_GOLDEN") == "write":
        shutil.rmtree(folder, ignore_errors=True)
        for path, text in rendered.items():
            file = folder / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    files = {f"/{file.relative_to(folder)}": file.read_text(encoding="utf-8") for file in folder.rglob("*") if file.is_file()}
    assert sorted(rendered) == sorted(files)
    for path, text in rendered.items():
        assert text == files[path], path


@pytest.mark.parametrize("name", SITES)
def test_the_same_values_give_the_same_bytes(name: str) -> None:
    assert render(SITES[name]) == render(SITES[name])


@pytest.mark.parametrize("name", SITES)
def test_every_rendered_file_is_one_the_agent_may_write(name: str) -> None:
    for path in render(SITES[name]):
        assert any(ours.fullmatch(path) for ours in OURS), path


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_rendered_text_has_no_loose_ends(site: Site) -> None:
    for path, text in render(site).items():
        assert text.endswith("\n"), path
        assert "{{" not in text, path
        assert "None" not in text, path
        assert not [line for line in text.splitlines() if line != line.rstrip()], path


def test_a_release_brings_the_configuration_of_every_process_manager_along() -> None:
    found = app().templates
    for driver in room.DRIVERS:
        assert {path.removeprefix(driver): text for path, text in found.items() if path.startswith(f"{driver}/")} == render(
            Site(driver=driver, ipv6=True)
        )
    assert "ssl_certificate /etc/letsencrypt/live/tavern.example.org/fullchain.pem;" in found["tls/etc/nginx/conf.d/comfytavern.conf"]
    assert found[".env.example"].startswith("# Copy to .env")
    assert not [path for path in found if path.startswith("/") or ".." in path]


def test_nginx_sends_the_headers_that_the_app_sends() -> None:
    assert edge.HEADERS == room.HEADERS
    assert edge.CSP == room.CSP
    text = render(SITES["systemd-tls"])["/etc/nginx/conf.d/comfytavern.conf"]
    for name, value in edge.HEADERS.items():
        assert text.count(f'add_header {name} "{value}"') == 5, f"{name} in each of the three places that serve files, and while closed"
