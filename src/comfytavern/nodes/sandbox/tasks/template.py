"""A Jinja template, rendered with nothing but its variables."""

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from comfytavern.nodes.sandbox.tasks.refusal import Refusal

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment


def warm() -> None:
    """Load what the first job would have to wait for."""
    _environment()


def run(payload: dict[str, Any]) -> str:
    """Return the rendered text of `{template, variables}`. Raises `Refusal` with the line of the mistake."""
    from jinja2 import TemplateSyntaxError, UndefinedError  # noqa: PLC0415 -- only a worker pays for it
    from jinja2.exceptions import SecurityError, TemplateError  # noqa: PLC0415 -- as above

    variables: dict[str, Any] = payload["variables"]
    try:
        return _environment().from_string(payload["template"]).render(variables)
    except TemplateSyntaxError as error:
        raise Refusal("template.syntax", f"The template is not valid: {error.message} (line {error.lineno}).", line=error.lineno) from error
    except UndefinedError as error:
        known = ", ".join(sorted(variables)) or "none"
        raise Refusal(
            "template.undefined",
            f"The template asks for something that is not there: {error.message}. Its variables: {known}.",
            "Add a variable of that name, or give it a value in the template: {{ name | default('') }}.",
            line=_line(error),
        ) from error
    except SecurityError as error:
        raise Refusal("template.forbidden", f"A template may not do this: {error.message}", line=_line(error)) from error
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Refusal("template.failed", f"The template failed: {error}.", line=_line(error)) from error


@cache
def _environment() -> "ImmutableSandboxedEnvironment":
    from jinja2 import StrictUndefined  # noqa: PLC0415 -- as above
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415 -- as above

    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        finalize=_as_people_read,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        cache_size=50,
    )


def _as_people_read(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value


def _line(error: BaseException) -> int:
    """Return the template's line in which it happened, or 0."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
