"""The database's care, as the settings say: by the command line, and by the clock."""

import asyncio
import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from comfytavern.boot import database as care
from comfytavern.boot.app import running
from comfytavern.boot.folders import prepare
from comfytavern.cli.main import app
from comfytavern.kernel.errors import Conflict, Invalid, Unavailable
from comfytavern.settings.settings import Settings, read
from comfytavern.store import backup as backups
from comfytavern.store.database import Database
from comfytavern.store.migrate import Patience
from comfytavern.store.phases import LEVEL, Phase, Step
from comfytavern.testing.databases import DATABASES, new_url


@pytest.fixture(params=DATABASES)
def settings(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DATABASE_URL", new_url(request.param, tmp_path))
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    made = read()
    prepare(made)
    return made


def said(*words: str) -> tuple[int, dict]:
    done = CliRunner().invoke(app, ["db", *words, "--json"])
    return done.exit_code, json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.slow
def test_the_verbs_answer_with_one_line_of_json(settings: Settings) -> None:
    assert said("status")[1]["state"] == "ok"
    assert said("migrate", "--phase", "expand", "--lock-timeout-ms", "300", "--retries", "4") == (
        0,
        {"applied": [], "level": LEVEL, "contracted": 0, "tries": 1},
    )
    code, made = said("backup", "--to", str(settings.data_dir / "here"), "--verify")
    assert (code, made["verified"], made["path"]) == (0, True, str(settings.data_dir.absolute() / "here"))
    assert said("verify", made["path"])[0] == 0
    assert said("drill", made["path"])[1]["users"] == 0
    code, back = said("restore", made["path"], "--yes")
    assert code == 0
    assert back["aside"]
    assert said("contract", "--yes")[1]["applied"] == []


def test_a_failure_is_a_line_of_json_too(settings: Settings) -> None:
    code, told = said("restore", "nothing", "--yes")
    assert (code, told["code"]) == (1, "db.no_backup")
    assert told["sentence"]
    assert told["hint"]


def test_nothing_is_replaced_without_a_yes(settings: Settings) -> None:
    said("backup")
    done = CliRunner().invoke(app, ["db", "restore", "newest"], input="n\n")
    assert done.exit_code != 0


@pytest.mark.slow
async def test_a_running_server_holds_its_database(settings: Settings) -> None:
    place, _ = care.back_up(settings, None, reason="test")
    async with running(settings):
        with pytest.raises(Conflict) as caught:
            await asyncio.to_thread(care.restore.restore, place, settings.database)
    assert caught.value.code == "db.in_use"


async def test_of_several_servers_one_makes_the_backup_that_is_due(settings: Settings) -> None:
    database, now = Database(settings.database), time.time()
    first = await asyncio.gather(*(care.claim(database, 3600, now) for _ in range(4)))
    assert sorted(first) == [False, False, False, True]
    assert not await care.claim(database, 3600, now + 3599)
    later = await asyncio.gather(*(care.claim(database, 3600, now + 3601) for _ in range(4)))
    assert sorted(later) == [False, False, False, True]
    await database.close()


async def test_a_server_backs_up_by_the_clock(settings: Settings) -> None:
    async with running(settings.model_copy(update={"backup_every_h": 1.0})):
        until = time.monotonic() + 30
        while not (found := backups.found(care.folder(settings))) and time.monotonic() < until:  # noqa: ASYNC110 -- a folder has no event to wait for
            await asyncio.sleep(0.05)
    assert [made.reason for _, made in found] == [care.SCHEDULED]


def test_contract_is_refused_while_a_release_needs_what_it_takes_away(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(care.phases, "steps", lambda *_: (Step("c", Phase.CONTRACT, LEVEL, ()),))
    known = care.releases(settings.model_copy(update={"deploy_root": _host(tmp_path)}), None)
    assert known == {"0.1+old": LEVEL - 1, "0.2+new": LEVEL}
    with pytest.raises(Conflict) as caught:
        care.contract(settings, Patience(), known)
    assert caught.value.code == "db.needed"
    assert caught.value.params["releases"] == ["0.1+old"]


def test_releases_that_cannot_be_read_are_not_overlooked(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("[]")
    with pytest.raises(Invalid):
        care.releases(settings, tmp_path / "r.json")
    root = _host(tmp_path)
    (root / "releases" / "0.1+old" / "manifest.json").write_text("{}")
    with pytest.raises(Invalid):
        care.releases(settings.model_copy(update={"deploy_root": root}), None)


def test_production_never_migrates_by_itself(tmp_path: Path) -> None:
    made = read(data_dir=tmp_path / "data").model_copy(update={"environment": "production"})
    with pytest.raises(Unavailable) as caught:
        prepare(made)
    assert caught.value.code == "db.behind"


def _host(tmp_path: Path) -> Path:
    root = tmp_path / "host"
    for name, level in (("0.1+old", LEVEL - 1), ("0.2+new", LEVEL)):
        (root / "releases" / name).mkdir(parents=True)
        (root / "releases" / name / "manifest.json").write_text(json.dumps({"release": name, "schema": {"level": level}}))
    (root / "slots").mkdir()
    (root / "slots" / "blue").symlink_to("../releases/0.1+old")
    (root / "slots" / "green").symlink_to("../releases/0.2+new")
    return root
