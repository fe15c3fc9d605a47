"""One suite for every disk: the real one and the fake."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from comfytavern.files.library import Library
from comfytavern.files.local_disk import LocalDisk
from comfytavern.kernel.errors import Conflict, Failure, NotFound, TooLarge
from comfytavern.testing.files import MemoryDisk


@pytest.fixture(params=["local", "memory"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return LocalDisk(tmp_path / "files") if request.param == "local" else MemoryDisk()


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    for piece in data:
        yield piece


async def content(disk: Any, *key: str, start: int = 0) -> bytes:
    return b"".join([chunk async for chunk in disk.read(key, start=start)])


async def test_what_was_written_is_read_back(disk: Any) -> None:
    stat = await disk.write(("a", "b.txt"), pieces(b"one ", b"two"), overwrite=False)
    assert (stat.name, stat.folder, stat.size_bytes, stat.media_type) == ("b.txt", False, 7, "text/plain")
    assert await content(disk, "a", "b.txt") == b"one two"
    assert await content(disk, "a", "b.txt", start=4) == b"two"


async def test_an_empty_file_is_a_file(disk: Any) -> None:
    assert (await disk.write(("empty",), pieces(), overwrite=False)).size_bytes == 0
    assert await content(disk, "empty") == b""


async def test_folders_come_with_their_files(disk: Any) -> None:
    await disk.write(("a", "b", "c.txt"), pieces(b"x"), overwrite=False)
    assert [stat.name for stat in await disk.list(("a",))] == ["b"]
    assert (await disk.stat(("a", "b"))).folder
    assert await disk.stat(("a", "nothing")) is None
    assert await disk.list(("nowhere",)) == []


async def test_nothing_is_overwritten_unasked(disk: Any) -> None:
    await disk.write(("f",), pieces(b"old"), overwrite=False)
    with pytest.raises(Conflict) as caught:
        await disk.write(("f",), pieces(b"new"), overwrite=False)
    assert caught.value.code == "file.exists"
    assert await content(disk, "f") == b"old"
    await disk.write(("f",), pieces(b"new"), overwrite=True)
    assert await content(disk, "f") == b"new"


async def test_a_write_that_breaks_off_leaves_nothing_behind(disk: Any) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    await disk.write(("f",), pieces(b"old"), overwrite=False)
    with pytest.raises(ConnectionResetError):
        await disk.write(("f",), broken(), overwrite=True)
    assert await content(disk, "f") == b"old"
    assert [stat.name for stat in await disk.list(())] == ["f"]


async def test_a_folder_is_no_file_and_a_file_no_folder(disk: Any) -> None:
    await disk.write(("a", "b"), pieces(b"x"), overwrite=False)
    for key, code in (("a",), "file.is_folder"), (("a", "b", "c"), "file.not_folder"):
        with pytest.raises(Failure) as caught:
            await disk.write(key, pieces(b"y"), overwrite=True)
        assert caught.value.code in (code, "file.exists")


async def test_a_folder_moves_with_all_that_is_in_it(disk: Any) -> None:
    await disk.write(("a", "b.txt"), pieces(b"x"), overwrite=False)
    await disk.write(("taken",), pieces(b"y"), overwrite=False)
    await disk.move(("a",), ("z", "a"))
    assert await content(disk, "z", "a", "b.txt") == b"x"
    assert await disk.stat(("a",)) is None
    with pytest.raises(Conflict):
        await disk.move(("z",), ("taken",))
    with pytest.raises(NotFound):
        await disk.move(("gone",), ("there",))


async def test_reading_what_is_not_there_says_so(disk: Any) -> None:
    with pytest.raises(NotFound) as caught:
        await content(disk, "nothing")
    assert caught.value.code == "file.none"


async def test_removing_is_for_good_and_sizes_add_up(disk: Any) -> None:
    await disk.write(("a", "b"), pieces(b"12345"), overwrite=False)
    await disk.write(("a", "c", "d"), pieces(b"678"), overwrite=False)
    assert await disk.used_bytes(("a",)) == 8
    await disk.remove(("a", "c"))
    assert await disk.used_bytes(()) == 5
    await disk.remove(("nothing",))


async def test_the_library_trashes_and_restores(disk: Any) -> None:
    library = Library(disk, disk)
    await library.write("user://notes/a.md", b"# A", owner="usr_1")
    trashed = await library.delete("user://notes", owner="usr_1")
    assert (trashed.uri, trashed.kind, trashed.size_bytes) == ("user://notes", "folder", 3)
    assert await library.list("user://", owner="usr_1") == []
    assert [one.id for one in await library.trash("user://", owner="usr_1")] == [trashed.id]
    await library.restore("user://", trashed.id, owner="usr_1")
    assert await library.read("user://notes/a.md", owner="usr_1") == b"# A"
    assert await library.trash("user://", owner="usr_1") == []
    again = await library.delete("user://notes/a.md", owner="usr_1")
    await library.purge("user://", again.id, owner="usr_1")
    with pytest.raises(NotFound):
        await library.restore("user://", again.id, owner="usr_1")


async def test_owners_do_not_see_each_other(disk: Any) -> None:
    library = Library(disk, disk)
    await library.write("user://secret", b"1", owner="usr_1")
    with pytest.raises(NotFound):
        await library.read("user://secret", owner="usr_2")
    await library.write("shared://open", b"2", owner="usr_1")
    assert await library.read("shared://open", owner="usr_2") == b"2"
    with pytest.raises(Failure) as caught:
        await library.read("project://prj_1/x", owner="usr_1")
    assert caught.value.code == "file.denied"


async def test_a_file_and_an_area_have_limits(disk: Any) -> None:
    library = Library(disk, disk, file_bytes_max=10, area_bytes_max=15)
    with pytest.raises(TooLarge) as caught:
        await library.write("user://a", b"x" * 11, owner="u")
    assert caught.value.code == "file.too_large"
    await library.write("user://a", b"x" * 10, owner="u")
    with pytest.raises(TooLarge) as caught:
        await library.write("user://b", b"x" * 6, owner="u")
    assert caught.value.code == "file.quota"
    await library.write("user://a", b"x" * 9, owner="u", overwrite=True)
    await library.write("user://b", b"x" * 6, owner="u")
    assert await library.list("user://", owner="someone") == []


async def test_copies_are_files_of_their_own(disk: Any) -> None:
    library = Library(disk, disk)
    await library.write("user://a/b/c", b"1", owner="u")
    await library.copy("user://a", "user://z", owner="u")
    await library.write("user://a/b/c", b"2", owner="u", overwrite=True)
    assert await library.read("user://z/b/c", owner="u") == b"1"
    with pytest.raises(Conflict):
        await library.copy("user://a", "user://a/b/a", owner="u")
    with pytest.raises(Conflict):
        await library.move("user://a", "user://a/b", owner="u")
