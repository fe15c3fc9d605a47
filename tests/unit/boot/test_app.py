import socket
from pathlib import Path

import pytest

from comfytavern.accounts.user import Role
from comfytavern.boot.app import running
from comfytavern.boot.checkup import CHECKS
from comfytavern.boot.folders import prepare
from comfytavern.boot.listen import listen
from comfytavern.boot.people import people
from comfytavern.boot.single import single
from comfytavern.kernel.errors import Failure, Unavailable
from comfytavern.nodes.examples import load
from comfytavern.settings.settings import Settings, read


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = read(data_dir=tmp_path / "data")
    prepare(made)
    return made


async def test_the_first_start_gives_a_link_that_makes_the_owner_and_later_ones_do_not(settings: Settings) -> None:
    async with running(settings) as system:
        token = system.setup_link.partition("token=")[2]
        await system.services.accounts.set_up(token, "Olive", "correct horse battery")
    async with running(settings) as system:
        assert system.setup_link == ""
        assert not await system.services.accounts.setup_needed()


async def test_a_second_server_on_the_same_database_is_welcome(settings: Settings) -> None:
    async with running(settings) as first, running(settings) as second:
        assert await first.services.accounts.setup_needed()
        assert await second.services.accounts.setup_needed()


async def test_everything_is_ready_when_it_says_so(settings: Settings) -> None:
    async with running(settings) as system:
        for check in system.services.checks.values():
            await check()


def test_a_port_that_is_taken_is_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(Unavailable) as caught:
        listen("127.0.0.1", other.getsockname()[1])
    assert caught.value.code == "boot.port"
    assert "--port" in caught.value.hint


def test_a_data_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable) as caught:
        prepare(read(data_dir=tmp_path / "file" / "data"))
    assert caught.value.code == "boot.data_dir"


async def test_people_are_added_and_get_new_passwords_beside_a_running_server(settings: Settings) -> None:
    async with running(settings) as system, people(settings) as those:
        assert (await those.add("Olive", "correct horse battery")).role is Role.OWNER
        assert (await those.add("Ann", "another horse battery")).role is Role.MEMBER
        login = await system.services.accounts.log_in("Ann", "another horse battery")
        await those.set_password("Ann", "a third horse battery")
        with pytest.raises(Failure):
            await system.services.accounts.visitor(login.token.reveal())
        await system.services.accounts.log_in("Ann", "a third horse battery")
        assert [user.name for user in await those.everybody()] == ["Olive", "Ann"]
        with pytest.raises(Failure):
            await those.set_password("Nobody", "a third horse battery")


@pytest.mark.slow
async def test_a_run_without_a_server_uses_the_owners_files_and_leaves_no_history(settings: Settings) -> None:
    async with people(settings) as those:
        owner = await those.add("Olive", "correct horse battery")
    async with single(settings) as alone:
        assert alone.owner == owner.id
        started = await alone.runs.start(alone.owner, {"graph": load()[1].graph}, source="cli")
        view = await alone.runs.wait(alone.owner, started.id)
        assert (view.state, view.source) == ("ok", "cli")
    async with running(settings) as system:
        assert (await system.services.runs.history(owner.id)).items == []


@pytest.mark.slow
async def test_a_run_without_any_data_folder_makes_none(tmp_path: Path) -> None:
    async with single(read(data_dir=tmp_path / "data")) as alone:
        started = await alone.runs.start(alone.owner, {"graph": load()[1].graph}, source="cli")
        assert (await alone.runs.wait(alone.owner, started.id)).state == "ok"
    assert not (tmp_path / "data").exists()


def test_a_checkup_changes_nothing_and_says_what_it_found(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = read(data_dir=tmp_path / "data", port=port)
    found = {name: check(settings) for name, check in CHECKS.items() if name != "web"}
    assert found["database"] == "will be made by the first start"
    assert list(tmp_path.iterdir()) == []


def test_a_checkup_names_a_damaged_database(settings: Settings) -> None:
    (settings.data_dir / "comfytavern.db").write_bytes(b"not a database" * 100)
    with pytest.raises(Unavailable) as caught:
        CHECKS["database"](settings)
    assert caught.value.code == "store.corrupt"
