import subprocess
import sys

import pytest

from comfytavern.llm.messages import Message
from comfytavern.llm.tokens import count_messages, count_tokens

TEXTS = [
    "",
    "hi there",
    "The quick brown fox jumps over the lazy dog.\r\n\r\n\t  17.25 %",
    "a<|endoftext|>b",
    "e\u0301 é",
    "你好，世界" * 40,
    "👩\u200d🚀 = \U0001f469 + \ud83d",
    "half a character \ud800 and on",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(("model", "encoding"), [("demo/demo", "o200k_base"), ("openai/gpt-4", "cl100k_base")])
def test_we_count_what_the_package_itself_counts(text: str, model: str, encoding: str) -> None:
    from bpe_openai import get_encoding  # Seconds, which no other worker need spend.

    assert count_tokens(text, model) == len(get_encoding(encoding).encode_ordinary(text))


def test_a_text_of_more_tokens_than_the_package_takes_at_once_is_counted() -> None:
    text = "龘靐" * 60_000
    whole = count_tokens(text)
    assert whole > 200_000, "the package takes no more at once"
    assert whole == 60_000 * count_tokens("龘靐")


def test_a_text_of_several_slices_is_counted_as_a_whole() -> None:
    assert count_tokens(" word" * 300_000) == 300_000


def test_each_message_costs_its_words_and_its_frame() -> None:
    one = Message(role="user", content="hi there")
    assert count_messages([one, one]) - count_messages([one]) == count_tokens("hi there") + 3


def test_counting_does_not_import_the_package_which_reads_every_vocabulary_it_has() -> None:
    script = "import sys; from comfytavern.llm.tokens import warm; warm(); sys.exit('bpe_openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0
