"""A stream of text into sentences."""

import re
from collections.abc import AsyncIterator, Iterator

from comfytavern.nodes.kit import Type, Words, inp, node, number, out

LONGEST = 2000
"""Characters after which a sentence is cut, whatever it is made of."""

_END = re.compile(r"[.!?…]+[\"'”’)\]]*\s+|[。！？]+[”’」』）]*|\n+")
_NOT_AN_END = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|No|vs|etc|e\.g|i\.e)|\b[A-Z])\.\s+$")


@node(
    "stream.sentences",
    title="Split into sentences",
    description="Hands on whole sentences as soon as each is complete: for speech, translation or checks while a model still writes.",
    icon="pilcrow",
    keywords=["sentence", "split", "tts", "speech", "segment"],
    inputs=[
        inp("text", Type.STRING, stream=True, required=True, description="The stream of text."),
        inp(
            "minimum", Type.INTEGER, default=1, widget=number(1, 1000, 1), description="Joins sentences until they have so many characters."
        ),
    ],
    outputs=[out("sentence", Type.STRING, stream=True, description="One sentence per piece, with the space that follows it.")],
    effect="pure",
    example={"inputs": {"text": "It is 3.5 m. Really? 是的。好"}, "outputs": {"sentence": "It is 3.5 m. Really? 是的。好"}},
    zh=Words(
        title="切分句子",
        description="每凑成一个完整的句子就立刻传下去：可在模型仍在写作时用于朗读、翻译或检查。",
        ports={
            "text": ("文本", "文本流。"),
            "minimum": ("最短长度", "不足这么多字符时与后面的句子合并。"),
            "sentence": ("句子", "每段一个句子，带着其后的空白。"),
        },
        keywords=["断句", "朗读", "语音", "分段"],
    ),
)
async def sentences(text: AsyncIterator[str], minimum: int) -> AsyncIterator[str]:
    """Yield sentences; joined together they are the text, character for character."""
    kept = ""
    async for piece in text:
        kept += piece
        for sentence in (found := list(_complete(kept, minimum))):
            yield sentence
        kept = kept[sum(map(len, found)) :]
    if kept:
        yield kept


def _complete(text: str, minimum: int) -> Iterator[str]:
    """Yield the sentences of `text` of which more than the end has arrived."""
    start = 0
    for end in _END.finditer(text):
        while end.end() - start > LONGEST:
            yield text[start : start + LONGEST]
            start += LONGEST
        if end.end() == len(text):
            break  # more of what ends a sentence may follow
        sentence = text[start : end.end()]
        if len(sentence) >= minimum and not _NOT_AN_END.search(sentence):
            yield sentence
            start = end.end()
    while len(text) - start > LONGEST:
        yield text[start : start + LONGEST]
        start += LONGEST
