"""What a start prepares aside, so that nobody has to wait for it later."""

import sys
import time
from pathlib import Path

import pytest

from tests.server import Server


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_tokenizer_is_there_before_a_model_is_called(server: Server) -> None:
    until = time.monotonic() + 60
    while "bpe_openai" not in Path(f"/proc/{server.pid}/maps").read_text(encoding="utf-8"):
        assert time.monotonic() < until, "nothing has loaded it"
        time.sleep(0.05)
