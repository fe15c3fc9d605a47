import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from comfytavern.boot.listen import listen_unix, passed
from comfytavern.boot.notify import notify, watchdog_s
from comfytavern.kernel.errors import Unavailable


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: the path of a socket has at most 107 characters."""
    with tempfile.TemporaryDirectory(prefix="listen-") as name:
        yield Path(name)


def connected(path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(2)
    client.connect(str(path))
    return client


def test_a_socket_that_a_killed_process_left_is_replaced_and_owner_and_group_may_connect(folder: Path) -> None:
    path = folder / "blue.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    listener = listen_unix(path)
    with listener.socket, connected(path):
        assert path.stat().st_mode & 0o777 == 0o660
        assert listener.has_guests()
    assert [each.name for each in folder.iterdir()] == ["blue.sock"]


def test_a_successor_at_the_same_path_keeps_it_when_the_first_withdraws(folder: Path) -> None:
    path = folder / "blue.sock"
    first, second = listen_unix(path), listen_unix(path, mode=0o600)
    with first.socket, second.socket:
        first.withdraw()
        with connected(path):
            assert second.has_guests()
            assert not first.has_guests()
        second.withdraw()
        assert not path.exists()
        second.withdraw()


def test_who_had_connected_before_the_address_was_taken_away_is_still_let_in(folder: Path) -> None:
    listener = listen_unix(folder / "blue.sock")
    with listener.socket, connected(folder / "blue.sock"):
        listener.withdraw()
        assert listener.has_guests()
        listener.socket.accept()[0].close()
        assert not listener.has_guests()


@pytest.mark.parametrize("name", ["missing/blue.sock", "x" * 120, "file"])
def test_a_path_where_one_cannot_listen_is_a_sentence_and_leaves_nothing(folder: Path, name: str) -> None:
    (folder / "file").write_text("kept")
    with pytest.raises(Unavailable) as caught:
        listen_unix(folder / name)
    assert caught.value.code == "boot.socket"
    assert [each.name for each in folder.iterdir()] == ["file"]
    assert (folder / "file").read_text() == "kept"


def test_sockets_passed_to_another_process_are_not_ours() -> None:
    environ = {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid() + 1), "LISTEN_FDNAMES": "x", "HOME": "/"}
    assert passed(environ) == []
    assert environ == {"HOME": "/"}


def test_the_service_manager_hears_of_our_state(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "notify"))
        manager.settimeout(2)
        notify("READY=1")
        monkeypatch.setenv("NOTIFY_SOCKET", str(folder / "notify"))
        notify("READY=1", "STATUS=here")
        assert manager.recv(100) == b"READY=1\nSTATUS=here"
    notify("STOPPING=1")


def test_the_watchdog_is_fed_twice_in_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    assert watchdog_s() is None
    monkeypatch.setenv("WATCHDOG_USEC", "4000000")
    assert watchdog_s() == 2
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert watchdog_s() is None
