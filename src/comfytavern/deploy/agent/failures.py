"""How a verb says no."""

from __future__ import annotations


class Failed(Exception):
    """A verb did not do what it was asked. `code` is stable, `sentence` names the cause, `hint` says what to do."""

    def __init__(self, code: str, sentence: str, hint: str = "", **params: object) -> None:
        """Take a stable `code` (`deploy.what`), an English `sentence`, what to do about it, and its parameters."""
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.hint = hint
        self.params = params
