"""How a task says no."""

from typing import Any


class Refusal(Exception):
    """The work cannot be done, for a reason that the author of the node can act on."""

    def __init__(self, code: str, sentence: str, hint: str = "", **params: Any) -> None:
        """Take what a `Failure` takes; the other side of the pipe makes one of it."""
        super().__init__(sentence)
        self.code, self.sentence, self.hint, self.params = code, sentence, hint, params
