"""An exception as data for the log: its kind, its words, where it came from, and what caused it.

Values of locals are left out: that is where secrets are. Lines of code too: to read them from the disk would hold up everybody else
while the first failure of a process is written down.
"""

import traceback
from typing import Any, Final

FRAMES_MAX: Final = 60
CAUSES_MAX: Final = 10
GROUP_MAX: Final = 10


def structured(error: BaseException) -> list[dict[str, Any]]:
    """Return the exception and what led to it, the last one first: {exc_type, exc_value, is_cause, frames, exceptions?}."""
    found: list[dict[str, Any]] = []
    seen: set[int] = set()
    following: BaseException | None = error
    is_cause = False
    while following is not None and id(following) not in seen and len(found) < CAUSES_MAX:
        seen.add(id(following))
        found.append(_told(following, is_cause=is_cause))
        is_cause = following.__cause__ is not None
        hidden = following.__suppress_context__ and not is_cause
        following = None if hidden else following.__cause__ or following.__context__
    return found


def _told(error: BaseException, *, is_cause: bool) -> dict[str, Any]:
    """Return one exception; those inside a group come along, a few levels at most, since each is told by `structured`."""
    frames = [
        {"filename": frame.f_code.co_filename, "lineno": line, "name": frame.f_code.co_name}
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    half = FRAMES_MAX // 2
    told: dict[str, Any] = {
        "exc_type": type(error).__name__,
        "exc_value": _words(error),
        "is_cause": is_cause,
        "frames": frames if len(frames) <= FRAMES_MAX else [*frames[:half], *frames[-half:]],
    }
    if notes := getattr(error, "__notes__", None):
        told["exc_notes"] = [str(note) for note in notes]
    if isinstance(error, BaseExceptionGroup):
        inner: tuple[BaseException, ...] = error.exceptions  # pyright: ignore[reportUnknownVariableType] -- any kind may be inside
        told["exceptions"] = [structured(each) for each in inner[:GROUP_MAX]]
    return told


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as failure:  # noqa: BLE001 -- a broken __str__ must not cost the line
        return f"<{type(failure).__name__} while it was asked>"
