"""From an image on a wire to a URL that a model can be given."""

import base64
from typing import Any

from comfytavern.nodes.kit import Context, Failure

_MAGIC = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp"}


async def picture_url(ctx: Context, image: Any) -> str:
    """Return a `data:` or `https:` URL for bytes or a URL. Raises `Failure` (`llm.image`) for anything else."""
    if isinstance(image, str) and image.startswith(("data:image/", "https://", "http://")):
        return image
    if isinstance(image, bytes):
        return data_url(image, media_type_of(image))
    raise Failure("llm.image", "An input that should be a picture is not one.", hint="Wire in a picture, or the address of one.")


def media_type_of(data: bytes) -> str:
    """Return the media type of a picture by its first bytes, `image/png` when they say nothing."""
    return next((media_type for magic, media_type in _MAGIC.items() if data.startswith(magic)), "image/png")


def data_url(data: bytes, media_type: str) -> str:
    """Return the bytes as a `data:` URL."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
