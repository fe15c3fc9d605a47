"""Pictures and sounds between models and the user's files."""

import base64
import hashlib
import mimetypes
from typing import Any, Final

import msgspec

from comfytavern.files.library import Library
from comfytavern.llm.messages import ImagePart, Message
from comfytavern.llm.reply import Media
from comfytavern.nodes.kit import Context, Failure
from comfytavern.nodes.llm.pictures import FILE_SCHEMES, data_url, media_type_of

_FOLDER: Final = "user://generated"
_PICTURE_MAX_BYTES: Final = 20 * 1024 * 1024
_SOUND_MAX_BYTES: Final = 100 * 1024 * 1024
_SUFFIXES: Final = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/ogg": "ogg",
    "audio/aac": "aac",
    "audio/flac": "flac",
}


async def keep(ctx: Context, media: Media, stem: str) -> str:
    """Store what a model made under `user://generated` and return its address. The same bytes are stored once."""
    digest = hashlib.blake2b(media.data, digest_size=10).hexdigest()
    uri = f"{_FOLDER}/{stem}-{digest}.{_SUFFIXES.get(media.media_type, 'bin')}"
    return (await ctx.use(Library).write(uri, media.data, owner=ctx.owner, overwrite=True)).uri


async def with_files(ctx: Context, messages: list[Message]) -> tuple[Message, ...]:
    """Return the messages with the pictures that are files written out, for a model knows nothing of our files."""
    return tuple([await _with_files(ctx, message) for message in messages])


async def sound(ctx: Context, audio: Any) -> tuple[bytes, str]:
    """Return the bytes and the media type of a sound from a wire. Raises `Failure` (`llm.not_audio`) for what is none."""
    if isinstance(audio, bytes):
        return audio, _sound_type(audio)
    if isinstance(audio, str) and audio.startswith(FILE_SCHEMES):
        data = await ctx.use(Library).read(audio, owner=ctx.owner, bytes_max=_SOUND_MAX_BYTES)
        return data, _sound_type(data, mimetypes.guess_type(audio)[0] or "audio/wav")
    if isinstance(audio, str) and audio.startswith("data:audio/"):
        return _from_data_url(audio)
    raise Failure("llm.not_audio", "An input that should be a sound is not one.", hint="Wire in a sound, or the address of a file.")


def _from_data_url(url: str) -> tuple[bytes, str]:
    head, _, data = url.partition(",")
    try:
        return base64.b64decode(data, validate=True), head.removeprefix("data:").partition(";")[0]
    except ValueError as error:
        raise Failure("llm.not_audio", "An input that should be a sound is broken.", hint="Wire in another sound.") from error


async def _with_files(ctx: Context, message: Message) -> Message:
    if isinstance(message.content, str):
        return message
    parts = [await _written_out(ctx, part) if isinstance(part, ImagePart) else part for part in message.content]
    return msgspec.structs.replace(message, content=tuple(parts))


async def _written_out(ctx: Context, part: ImagePart) -> ImagePart:
    if not part.url.startswith(FILE_SCHEMES):
        return part
    data = await ctx.use(Library).read(part.url, owner=ctx.owner, bytes_max=_PICTURE_MAX_BYTES)
    return ImagePart(url=data_url(data, media_type_of(data)))


def _sound_type(data: bytes, otherwise: str = "audio/wav") -> str:
    known = {b"RIFF": "audio/wav", b"ID3": "audio/mpeg", b"\xff\xfb": "audio/mpeg", b"OggS": "audio/ogg", b"fLaC": "audio/flac"}
    return next((media_type for magic, media_type in known.items() if data.startswith(magic)), otherwise)
