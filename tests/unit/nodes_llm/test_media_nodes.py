"""Nodes of the family llm that make and read pictures and sounds; the files are real."""

from pathlib import Path
from typing import Any

import pytest

from comfytavern.files.library import Library
from comfytavern.files.local_disk import LocalDisk
from comfytavern.kernel.errors import Failure, NotFound
from comfytavern.nodes.kit import Final
from comfytavern.nodes.llm.chat import chat
from comfytavern.nodes.llm.image import image
from comfytavern.nodes.llm.speech import speech
from comfytavern.nodes.llm.transcription import transcription


@pytest.fixture
def library(ctx: Any, tmp_path: Path) -> Library:
    disk = LocalDisk(tmp_path)
    made = Library(disk, disk)
    ctx.services[Library] = made
    return made


async def test_pictures_are_kept_among_the_users_files(ctx: Any, library: Library) -> None:
    made = await image(ctx, "demo/demo", "a cat", 64, 32, 2)
    assert made["images"] == [made["image"]] * 2
    assert made["image"].startswith("user://generated/image-")
    assert (await library.read(made["image"], owner=ctx.owner)).startswith(b"\x89PNG")
    assert await image(ctx, "demo/demo", "a cat", 64, 32, 1) == {"image": made["image"], "images": [made["image"]]}
    assert len(await library.list("user://generated", owner=ctx.owner)) == 1


@pytest.mark.parametrize(
    ("values", "code"), [(("", 64, 64, 1), "llm.no_prompt"), (("x", 9, 64, 1), "llm.image_size"), (("x", 64, 64, 99), "llm.image_size")]
)
async def test_what_is_no_picture_is_told(ctx: Any, library: Library, values: Any, code: str) -> None:
    with pytest.raises(Failure) as failure:
        await image(ctx, "demo/demo", *values)
    assert failure.value.code == code


async def test_a_text_is_spoken_and_written_down_again(ctx: Any, library: Library) -> None:
    sound = await speech(ctx, "demo/demo", "Hello", "alloy", "wav", None)
    data = await library.read(sound, owner=ctx.owner)
    assert data.startswith(b"RIFF")
    for audio in (sound, data):
        assert await transcription(ctx, "demo/demo", audio, "", "") == (
            f"[demo model] A recording of {len(data)} bytes (audio/wav). Nobody listened to it: this is a demonstration."
        )
    with pytest.raises(Failure):
        await speech(ctx, "demo/demo", "  ", "alloy", "wav", None)


@pytest.mark.parametrize("audio", [None, 7, "hello", "data:audio/wav;base64,???"])
async def test_what_is_no_sound_is_told(ctx: Any, library: Library, audio: Any) -> None:
    with pytest.raises(Failure) as failure:
        await transcription(ctx, "demo/demo", audio, "", "")
    assert failure.value.code == "llm.not_audio"


async def test_a_file_is_shown_to_the_model_but_stays_a_file_in_the_conversation(ctx: Any, library: Library) -> None:
    kept = (await image(ctx, "demo/demo", "a cat", 64, 32, 1))["image"]
    values = {port.id: port.default for port in chat.__node__.kind.inputs} | {"prompt": "What is it?", "images": [kept]}
    chunks = [chunk async for chunk in chat(ctx, **values)]
    assert "with 1 picture(s)" in "".join(chunks[:-1])
    assert isinstance(chunks[-1], Final)
    assert chunks[-1].outputs["messages"][0]["content"][1] == {"type": "image", "url": kept}
    with pytest.raises(NotFound):
        _ = [chunk async for chunk in chat(ctx, **(values | {"images": ["user://gone.png"]}))]
