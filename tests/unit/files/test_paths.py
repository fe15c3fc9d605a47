"""No address leads out of its area."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfytavern.files.blobs import Blobs
from comfytavern.files.library import Library
from comfytavern.files.local_disk import LocalDisk
from comfytavern.files.media import media_type
from comfytavern.files.paths import parse
from comfytavern.kernel.errors import Conflict, Failure, Invalid, NotFound, Unavailable


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("user://../other/secret", "file.path"),
        ("user://a/../../b", "file.path"),
        ("user:///etc/passwd", "file.path"),
        ("/etc/passwd", "file.scheme"),
        ("file:///etc/passwd", "file.scheme"),
        ("user://a//b", "file.path"),
        ("user://a/./b", "file.path"),
        ("user://a\0b", "file.path"),
        ("user://a\nb", "file.path"),
        ("user://..\\..\\windows", "file.path"),
        ("user://abc\u202egpj.exe", "file.path"),
        ("user://\ud800", "file.path"),
        ("user://.trash/x", "file.name"),
        ("user://a/CON", "file.name"),
        ("user://nul.txt", "file.name"),
        ("user://name.", "file.name"),
        ("user://.part-1", "file.name"),
        ("user://" + "x" * 300, "file.long"),
        ("user://" + "/".join("a" * 40), "file.long"),
        ("user://" + "界" * 100, "file.long"),
        ("project://", "file.path"),
        ("project://../x", "file.path"),
    ],
)
def test_a_bad_address_is_refused_with_a_code(uri: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(uri)
    assert caught.value.code == code


def test_a_good_address_has_one_spelling() -> None:
    assert parse("user://").uri == "user://"
    assert parse("user://a/b c/").uri == "user://a/b c"
    assert parse("user://cafe\u0301").uri == "user://caf\u00e9"
    assert parse("project://prj_1/a").key("u") == ("projects", "prj_1", "a")
    assert parse("user://界/.gitignore").parts == ("界", ".gitignore")


@given(st.text(max_size=60))
def test_whatever_is_accepted_stays_inside(text: str) -> None:
    try:
        place = parse("user://" + text)
    except Invalid:
        return
    root = "/data/users/u"
    joined = os.path.normpath("/".join((root, *place.parts)))
    assert joined == "/".join((root, *place.parts)).rstrip("/")
    assert parse(place.uri) == place


async def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    area = tmp_path / "files" / "users" / "u"
    area.mkdir(parents=True)
    (area / "folder").symlink_to(outside)
    (area / "file").symlink_to(outside / "secret")
    disk = LocalDisk(tmp_path / "files")
    library = Library(disk, disk)
    for uri in ("user://folder/secret", "user://file", "user://folder"):
        with pytest.raises(Invalid) as caught:
            await library.read(uri, owner="u")
        assert caught.value.code == "file.link"
    with pytest.raises(Invalid):
        await library.write("user://folder/new", b"x", owner="u")
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert await library.list("user://", owner="u") == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
async def test_a_full_disk_is_a_clear_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = LocalDisk(tmp_path)
    original = Path.open

    def on_a_full_device(path: Path, mode: str = "r", *more: object) -> object:
        return original(Path("/dev/full"), "wb", 0) if mode == "xb" else original(path, mode, *more)

    library = Library(disk, disk)
    await library.write("user://a", b"old", owner="u")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", on_a_full_device)
        with pytest.raises(Unavailable) as caught:
            await library.write("user://a", b"new", owner="u", overwrite=True)
    assert caught.value.code == "file.disk_full"
    assert await library.read("user://a", owner="u") == b"old"


async def test_of_two_writers_one_wins(tmp_path: Path) -> None:
    import asyncio

    disk = LocalDisk(tmp_path)
    library = Library(disk, disk)
    results = await asyncio.gather(*(library.write("user://a", b"%d" % n, owner="u") for n in range(8)), return_exceptions=True)
    assert sum(isinstance(result, Conflict) for result in results) == 7
    assert len(await library.read("user://a", owner="u")) == 1


@pytest.mark.parametrize(
    ("head", "name", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n....", "a.txt", "image/png"),
        (b"<html><script>", "a.png", "text/plain"),
        (b"{}", "a.json", "application/json"),
        (b"# hi", "a.md", "text/markdown"),
        (b"\0\1\2", "a.txt", "application/octet-stream"),
        (b"", "a", "text/plain"),
        (b"x" * 510 + "界".encode()[:2], "a.txt", "text/plain"),
        (b"\xff\xfe\x00", "a", "application/octet-stream"),
    ],
)
def test_a_name_cannot_lie_about_content(head: bytes, name: str, expected: str) -> None:
    assert media_type(head, name) == expected


async def test_blobs_are_found_by_content(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    digest = await blobs.put(b"data")
    assert await blobs.put(b"data") == digest
    assert await blobs.get(digest) == b"data"
    other = await blobs.put(b"other")
    assert await blobs.keep_only({digest}) == 5
    with pytest.raises(NotFound):
        await blobs.get(other)
    (tmp_path / digest[:2] / digest).write_bytes(b"damaged")
    with pytest.raises(NotFound):
        await blobs.get(digest)
    with pytest.raises(Failure):
        await blobs.get("../../etc/passwd")
