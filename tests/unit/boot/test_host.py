"""What deployments keep on a host, read from the files that the agent itself writes."""

import os
from pathlib import Path

import pytest

from comfytavern.boot.host import deployed
from comfytavern.deploy.agent import disk, ledger
from comfytavern.deploy.agent.context import Context
from comfytavern.deploy.agent.paths import Paths


@pytest.fixture
def context(tmp_path: Path) -> Context:
    paths = Paths(str(tmp_path / "srv"))
    disk.make_folders(paths.state, paths.releases)
    return Context(paths, "test")


def install(context: Context, release: str, *, level: int = 3) -> None:
    folder = Path(context.paths.release(release))
    folder.mkdir()
    about = {"format": 1, "release": release, "version": release.partition("+")[0], "git": "abc1234", "schema": {"level": level}}
    disk.write_json(str(folder / "manifest.json"), about)


def serve(context: Context, slot: str, release: str) -> None:
    context.set_slot(slot, "serving", release=release)
    context.update(lambda found: found.update(active=slot, driver="systemd", weights={"blue": 0, "green": 0, slot: 100}))


def test_slots_releases_and_ledger_are_shown_as_they_are(context: Context) -> None:
    for release in ("1.0.0+aaaaaaa", "1.1.0+bbbbbbb"):
        install(context, release)
    (Path(context.paths.releases) / "1.2.0+ccccccc.part").mkdir()
    serve(context, "blue", "1.0.0+aaaaaaa")
    ledger.commit(context, "1.0.0+aaaaaaa", "d1")
    ledger.commit(context, "1.1.0+bbbbbbb", "d2", "failed", "It was never ready.")
    serve(context, "green", "1.1.0+bbbbbbb")
    ledger.commit(context, "1.1.0+bbbbbbb", "d3")
    found = deployed(Path(context.paths.root))
    assert (found.deployed, found.problem, found.driver) == (True, "", "systemd")
    assert [(slot.name, slot.release, slot.weight, slot.active) for slot in found.slots] == [
        ("blue", "1.0.0+aaaaaaa", 0, False),
        ("green", "1.1.0+bbbbbbb", 100, True),
    ]
    shown = {release.id: release for release in found.releases}
    assert set(shown) == {"1.0.0+aaaaaaa", "1.1.0+bbbbbbb"}
    assert (shown["1.1.0+bbbbbbb"].current, shown["1.0.0+aaaaaaa"].previous_good) == (True, True)
    assert (shown["1.1.0+bbbbbbb"].version, shown["1.1.0+bbbbbbb"].level) == ("1.1.0", 3)
    assert [(entry.deploy, entry.outcome, entry.previous) for entry in found.ledger] == [
        ("d3", "ok", "1.0.0+aaaaaaa"),
        ("d2", "failed", "1.0.0+aaaaaaa"),
        ("d1", "ok", None),
    ]
    assert found.ledger[1].note == "It was never ready."


def test_without_a_deployment_nothing_is_shown() -> None:
    found = deployed(None)
    assert (found.deployed, found.slots, found.releases, found.ledger) == (False, [], [], [])


def test_a_host_on_which_nothing_was_deployed_yet_is_empty(context: Context) -> None:
    found = deployed(Path(context.paths.root))
    assert (found.deployed, found.releases, found.ledger, [slot.state for slot in found.slots]) == (True, [], [], ["empty", "empty"])


def test_a_manifest_that_is_no_manifest_hides_no_release(context: Context) -> None:
    (Path(context.paths.releases) / "1.0.0").mkdir()
    (Path(context.paths.releases) / "1.0.0" / "manifest.json").write_text("{")
    assert [(release.id, release.level) for release in deployed(Path(context.paths.root)).releases] == [("1.0.0", None)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_said_to_be_so(context: Context) -> None:
    install(context, "1.0.0")
    serve(context, "blue", "1.0.0")
    Path(context.paths.state).chmod(0)
    try:
        assert deployed(Path(context.paths.root)).problem == "unreadable"
    finally:
        Path(context.paths.state).chmod(0o755)
