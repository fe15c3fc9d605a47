"""Patterns in a text."""

from typing import Any

from comfytavern.nodes.kit import Failure, Type, Words, code, inp, node, out, select, textarea, toggle

TIME_S = 1.0
MATCHES_MAX = 10_000


@node(
    "text.regex",
    title="Regex",
    description="Finds, replaces, splits or tests with a regular expression. A pattern that takes longer than a second is stopped.",
    icon="regex",
    keywords=["pattern", "match", "replace", "extract", "regular expression"],
    inputs=[
        inp("text", Type.STRING, default="", widget=textarea(), description="The text to look in."),
        inp("pattern", Type.STRING, required=True, widget=code("regex", 1), description="The regular expression."),
        inp(
            "action",
            Type.STRING,
            default="find",
            handle=False,
            description="What to do with the matches.",
            widget=select(("find", "Find"), ("replace", "Replace"), ("remove", "Remove"), ("split", "Split")),
        ),
        inp("replacement", Type.STRING, default="", widget=textarea(1), description=r"For Replace; \1 or \g<name> stands for a group."),
        inp("ignore_case", Type.BOOLEAN, default=False, widget=toggle(), description="Take capitals and small letters as the same."),
        inp("multiline", Type.BOOLEAN, default=False, widget=toggle(), description="^ and $ fit at every line."),
        inp("dot_all", Type.BOOLEAN, default=False, widget=toggle(), description=". fits line ends too."),
    ],
    outputs=[
        out("text", Type.STRING, description="The changed text; for Find, the first match (its first group, if there is one)."),
        out("matches", Type.ARRAY, description="All matches (or parts, for Split): texts, or lists of groups."),
        out("found", Type.BOOLEAN, description="Whether anything matched."),
    ],
    effect="pure",
    threaded=True,
    example={
        "inputs": {"text": "a=1, b=0", "pattern": r"(\w)=(\d)", "action": "find"},
        "outputs": {"text": "a", "matches": [["a", "1"], ["b", "0"]], "found": True},
    },
    zh=Words(
        title="正则",
        description="用正则表达式查找、替换、拆分或判断。超过一秒的模式会被停止。",
        ports={
            "text": ("文本", "要查找的文本；修改后的文本；“查找”时为第一个匹配（有分组时为第一组）。"),
            "pattern": ("模式", "正则表达式。"),
            "action": ("操作", "如何处理匹配的内容。"),
            "replacement": ("替换为", r"用于“替换”；\1 或 \g<名称> 代表分组。"),
            "ignore_case": ("忽略大小写", "不区分大小写。"),
            "multiline": ("多行", "^ 和 $ 匹配每一行的首尾。"),
            "dot_all": ("点匹配换行", ". 也匹配换行。"),
            "matches": ("匹配", "所有匹配（“拆分”时为各段）：文本，或分组的列表。"),
            "found": ("找到", "是否有匹配。"),
        },
        options={"find": "查找", "replace": "替换", "remove": "删除", "split": "拆分"},
        keywords=["模式", "匹配", "替换", "提取", "正则表达式"],
    ),
)
def regex(
    text: str, pattern: str, action: str, replacement: str, ignore_case: bool, multiline: bool, dot_all: bool
) -> tuple[str, list[Any], bool]:
    """Return the text, the matches, and whether there are any."""
    import regex as engine  # noqa: PLC0415 -- 20 ms that a start need not pay

    flags = engine.IGNORECASE * ignore_case | engine.MULTILINE * multiline | engine.DOTALL * dot_all
    try:
        compiled = engine.compile(pattern, flags)
        return _apply(compiled, text, action, replacement)
    except engine.error as error:
        raise Failure("text.pattern", f"This is not a regular expression: {error}.") from error
    except TimeoutError as error:
        raise Failure(
            "text.regex_time", "The pattern took too long on this text.", hint="Avoid nested repetition such as (a+)+."
        ) from error
    except IndexError as error:
        raise Failure("text.replacement", f"The replacement asks for a group that is not there: {error}.") from error


def _apply(compiled: Any, text: str, action: str, replacement: str) -> tuple[str, list[Any], bool]:
    limits: dict[str, Any] = {"timeout": TIME_S, "concurrent": True}
    match action:
        case "find":
            matches: list[Any] = []
            for found in compiled.finditer(text, **limits):
                matches.append(list(found.groups()) if compiled.groups > 1 else found.group(min(1, compiled.groups)))
                if len(matches) == MATCHES_MAX:
                    break
            first = matches[0] if matches else ""
            return (first[0] if isinstance(first, list) else first) or "", matches, bool(matches)
        case "replace" | "remove":
            template = replacement if action == "replace" else ""
            changed, count = compiled.subn(template, text, **limits)
            return changed, [], count > 0
        case "split":
            parts = compiled.split(text, **limits)
            return text, parts, len(parts) > 1
        case _:
            raise Failure("text.regex", f"There is no action called {action!r}.", action=action)
