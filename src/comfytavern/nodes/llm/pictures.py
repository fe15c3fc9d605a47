"""Pictures on wires, and as models are given them."""

import base64
from typing import Any, Final

from comfytavern.nodes.kit import Failure

FILE_SCHEMES: Final = ("user://", "shared://", "project://")
_MAGIC: Final = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp"}


def picture_reference(image: Any) -> str:
    """Return a picture from a wire (bytes, the address of one, or a file) as a URL; a file stays a file until a model is asked.

    Raises `Failure` (`llm.not_image`) for anything else.
    """
    if isinstance(image, str) and image.startswith(("data:image/", "https://", "http://", *FILE_SCHEMES)):
        return image
    if isinstance(image, bytes):
        return data_url(image, media_type_of(image))
    raise Failure("llm.not_image", "An input that should be a picture is not one.", hint="Wire in a picture, or the address of one.")


def media_type_of(data: bytes) -> str:
    """Return the media type of a picture by its first bytes, `image/png` when they say nothing."""
    return next((media_type for magic, media_type in _MAGIC.items() if data.startswith(magic)), "image/png")


def data_url(data: bytes, media_type: str) -> str:
    """Return the bytes as a `data:` URL."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
