"""`comfytavern check` finds what is wrong, and only that: a real nginx in front of a real server, one mistake at a time."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from comfytavern.deploy.checks.finding import Report, Verdict
from comfytavern.deploy.checks.logs import trouble
from comfytavern.deploy.checks.service import check
from comfytavern.deploy.checks.visit import Login, Subject
from tests.server import NAME, PASSWORD, Server
from tests.site import SEEDED, Site

pytestmark = [pytest.mark.slow]
LOGIN = Login(NAME, PASSWORD)


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("checked")) as server:
        server.owner()
        yield server


def report(site: Site, *, login: Login | None = LOGIN, browser: bool = False, **more: object) -> Report:
    subject = Subject(site.url, login=login, browser=browser, **more)  # type: ignore[arg-type]
    return asyncio.run(check(subject))


def failures(found: Report) -> dict[str, str]:
    return {each.check: each.sentence for each in found.findings if each.verdict is Verdict.FAIL}


@pytest.mark.browser
def test_an_installation_in_order_has_no_failure_in_the_whole_check(backend: Server, tmp_path: Path) -> None:
    with Site(backend, tmp_path) as site:
        found = report(site, browser=True)
    assert failures(found) == {}
    assert {each.check for each in found.findings if each.verdict is Verdict.OK} >= {"browser", "workflow", "websocket", "login", "uploads"}


def test_the_check_leaves_nothing_behind(backend: Server, tmp_path: Path) -> None:
    owner = backend.owner()
    before = [owner.get(path).json()["items"] for path in ("/api/runs", "/api/trash")]
    with Site(backend, tmp_path) as site:
        assert report(site).ok
    assert [owner.get(path).json()["items"] for path in ("/api/runs", "/api/trash")] == before
    assert ".comfytavern-check" not in owner.get("/api/files", params={"uri": "user://"}).text


@pytest.mark.browser
@pytest.mark.parametrize("name", SEEDED)
def test_a_seeded_mistake_is_found_and_named(name: str, backend: Server, tmp_path: Path) -> None:
    fault = SEEDED[name]
    with Site(backend, tmp_path, fault) as site:
        found = failures(report(site, browser=fault.browser))
    assert fault.found_by in found
    assert fault.words in found[fault.found_by]


def test_the_check_itself_writes_no_error_into_the_log(backend: Server, tmp_path: Path) -> None:
    with Site(backend, tmp_path) as site:
        report(site, login=None)
    assert trouble(backend.printed().splitlines()) == {}


def test_a_certificate_about_to_expire_fails_and_a_good_one_passes(backend: Server, tmp_path: Path) -> None:
    for days, expected in ((3, Verdict.FAIL), (300, Verdict.OK)):
        with Site(backend, tmp_path, certificate_days=days) as site:
            found = report(site, ca=site.ca)
        assert next(each.verdict for each in found.findings if each.check == "certificate") is expected


def test_a_certificate_of_a_stranger_fails(backend: Server, tmp_path: Path) -> None:
    with Site(backend, tmp_path, certificate_days=300) as site:
        assert "not valid" in failures(report(site))["certificate"]


def test_an_expected_release_that_is_not_there_fails(backend: Server, tmp_path: Path) -> None:
    with Site(backend, tmp_path) as site:
        assert "9.9.9" in failures(report(site, expected="9.9.9"))["version"]


def test_a_host_that_is_down_fails_by_its_address(backend: Server, tmp_path: Path) -> None:
    with Site(backend, tmp_path) as site:
        found = failures(report(site, addresses=(f"127.0.0.1:{backend.port}", "127.0.0.1:9")))
    assert "127.0.0.1:9" in found["hosts"]


def test_a_wrong_password_fails_the_login_only_in_words(backend: Server, tmp_path: Path) -> None:
    with Site(backend, tmp_path) as site:
        found = failures(report(site, login=Login(NAME, "not the password")))
    assert "401" in found["login"]


def test_errors_in_the_log_are_counted(backend: Server, tmp_path: Path) -> None:
    lines = ('{"level":"error","event":"database is gone"}', '{"level":"info","event":"fine"}', "Traceback (most recent call last):")
    with Site(backend, tmp_path) as site:
        assert "database is gone" in failures(report(site, login=None, log_lines=lines))["log"]


def test_the_command_prints_json_and_its_exit_code_tells(backend: Server, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    for fault, code in ((None, 0), (SEEDED["no compression"], 1)):
        with Site(backend, tmp_path, fault) as site:
            command = [sys.executable, "-m", "comfytavern", "check", site.url, "--no-browser", "--json", "--user", NAME]
            done = subprocess.run([*command, "--password-file", str(password)], capture_output=True, text=True, timeout=60, env=os.environ)
        assert done.returncode == code, done.stderr
        assert json.loads(done.stdout)["ok"] is (code == 0)


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "comfytavern", "check", "tavern.example.org"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 1
    assert "https://" in done.stderr
