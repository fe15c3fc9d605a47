"""Imports of what a verb needs, when it is called: `version` need not wait for them."""

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def importing() -> Generator[None]:
    """Import in this block without looking for garbage: there is none, and looking takes a seventh of the time.

    What was imported stays for the life of the process, so nobody looks through it later either.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
