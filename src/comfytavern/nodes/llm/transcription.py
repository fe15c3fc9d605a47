"""The words of a recording."""

from typing import Any

from comfytavern.files.library import Library
from comfytavern.graph.kinds import Widget
from comfytavern.llm.gateway import Gateway
from comfytavern.llm.request import TranscribeRequest
from comfytavern.nodes.kit import Context, Type, Words, inp, node, out, text_widget, textarea
from comfytavern.nodes.llm.media import sound
from comfytavern.nodes.llm.ports import MODEL_ZH, model_port, pools_of


@node(
    "llm.transcription",
    title="Write down speech",
    description="Lets a transcription model write down what is said in a recording.",
    icon="mic",
    keywords=["STT", "whisper", "dictation", "subtitle", "speech to text", "audio"],
    inputs=[
        model_port("transcription"),
        inp("audio", Type.AUDIO, required=True, widget=Widget(kind="audio", accept="audio/*"), description="The recording."),
        inp("language", Type.STRING, default="", handle=False, widget=text_widget("en"), description="Two letters, when it is known."),
        inp("prompt", Type.STRING, default="", handle=False, widget=textarea(2), description="Names and words that occur in it."),
    ],
    outputs=[out("text", Type.STRING, description="What is said.")],
    effect="nondet",
    pools=pools_of,
    services=(Gateway, Library),
    example={"inputs": {"audio": "data:audio/wav;base64,UklGRiQAAABXQVZFZm10IA=="}},
    zh=Words(
        title="语音转写",
        description="让转写模型写下录音中所说的话。",
        ports={
            "model": MODEL_ZH,
            "audio": ("音频", "录音。"),
            "language": ("语言", "两个字母的语言代码（如果已知）。"),
            "prompt": ("提示", "录音中出现的名字和词语。"),
            "text": ("文本", "所说的话。"),
        },
        keywords=["语音识别", "听写", "字幕", "录音"],
    ),
)
async def transcription(ctx: Context, model: str, audio: Any, language: str, prompt: str) -> str:
    """Return the words."""
    data, media_type = await sound(ctx, audio)
    request = TranscribeRequest(model=model, audio=data, media_type=media_type, language=language or "", prompt=prompt or "")
    return (await ctx.use(Gateway).transcribe(request, owner=ctx.owner)).text
