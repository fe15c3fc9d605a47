"""How a template becomes text: every name must have a value, and the same values give the same bytes."""

from pathlib import Path
from typing import Any, Final

import jinja2

TEMPLATES: Final = Path(__file__).parent / "templates"


def filled(name: str, **values: Any) -> str:
    """Return the template `templates/<name>.j2` with these values. A name without a value is a bug, not an empty text."""
    engine = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 -- configuration files, not HTML; values are checked where they come from
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return engine.get_template(name + ".j2").render(**values)
