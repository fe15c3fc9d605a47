"""A voice that reads a text."""

from comfytavern.files.library import Library
from comfytavern.llm.gateway import Gateway
from comfytavern.llm.request import SpeechRequest
from comfytavern.nodes.kit import Context, Failure, Type, Words, inp, node, number, out, select, textarea
from comfytavern.nodes.llm.media import keep
from comfytavern.nodes.llm.ports import MODEL_ZH, model_port, pools_of

FORMATS = ("mp3", "wav", "opus", "aac", "flac")
VOICES = ("alloy", "ash", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer")


@node(
    "llm.speech",
    title="Speak a text",
    description="Lets a speech model read a text aloud. The sound is kept among your files, in the folder generated.",
    icon="volume-2",
    keywords=["TTS", "voice", "audio", "read aloud", "text to speech"],
    inputs=[
        model_port("speech"),
        inp("text", Type.STRING, required=True, widget=textarea(3), description="What is read."),
        inp("voice", Type.STRING, default="alloy", handle=False, widget=select(*VOICES, suggest=True), description="Who reads it."),
        inp("format", Type.STRING, default="mp3", handle=False, widget=select(*FORMATS), description="How the sound is stored."),
        inp("speed", Type.FLOAT, handle=False, widget=number(0.25, 4, 0.05), description="1 is normal. Empty: the model's default."),
    ],
    outputs=[out("audio", Type.AUDIO, description="The sound.")],
    effect="nondet",
    pools=pools_of,
    services=(Gateway, Library),
    example={"inputs": {"text": "Hello"}},
    zh=Words(
        title="朗读文本",
        description="让语音模型朗读一段文本。声音保存在你的文件中的 generated 文件夹。",
        ports={
            "model": MODEL_ZH,
            "text": ("文本", "要朗读的内容。"),
            "voice": ("声音", "由谁朗读。"),
            "format": ("格式", "声音的存储格式。"),
            "speed": ("语速", "1 为正常。留空则使用模型的默认值。"),
            "audio": ("音频", "朗读的声音。"),
        },
        options={name: name.capitalize() for name in VOICES} | {name: name.upper() for name in FORMATS},
        keywords=["语音", "合成", "朗读", "配音"],
    ),
)
async def speech(ctx: Context, model: str, text: str, voice: str, format: str, speed: float | None) -> str:
    """Return the address of the sound."""
    if not text.strip():
        raise Failure("llm.no_text", "There is nothing to read.", hint="Write a text, or wire one in.")
    request = SpeechRequest(model=model, text=text, voice=voice, format=format, speed=speed)
    return await keep(ctx, await ctx.use(Gateway).speech(request, owner=ctx.owner), "speech")
