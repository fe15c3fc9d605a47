"""The schema in the forms other programs read, each a pure function of it."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from comfytavern.settings.strength import HOW_TO_MAKE_ONE
from comfytavern.settings.variables import GROUPS, Variable, schema, variables

INTRO: Final = """# Copy to .env and change what you need. Every line shows the default. Meaning: docs/reference/settings.md
# Instead of NAME a file can be named (NAME_FILE=/run/keys/name), and a value can come from a command (NAME=cmd:pass show tavern)
# or from a cloud (NAME=aws-sm:prod/tavern#NAME): docs/operate/cloud-settings.md"""
SECRETS_FILE: Final = "/etc/comfytavern/env/secrets.env"


def env() -> str:
    """Return `.env.example`: every variable in its group, commented out."""
    lines = [INTRO]
    for group, title in GROUPS.items():
        lines += ["", f"# {title}"]
        lines += [f"{_remark(variable)}# {variable.name}={variable.default}" for variable in variables() if variable.group == group]
    return "\n".join(lines) + "\n"


def systemd() -> str:
    """Return a drop-in for the unit: plain values here, secrets in a file that only root reads."""
    lines = ["# /etc/systemd/system/comfytavern@.service.d/settings.conf", "[Service]", f"EnvironmentFile=-{SECRETS_FILE}"]
    lines += ["Environment=COMFYTAVERN_ENV=production"]
    lines += [f'#Environment="{each.name}={each.default}"' for each in _plain() if each.name != "COMFYTAVERN_ENV"]
    lines += [f"# In {SECRETS_FILE} (0600): {', '.join(each.name for each in _secret())}"]
    return "\n".join(lines) + "\n"


def docker() -> str:
    """Return a file for `docker run --env-file`: no quotes, no comments after a value."""
    lines = ["COMFYTAVERN_ENV=production", "HOST_BACKEND=0.0.0.0", "DATA_DIR=/data", "JWT_SECRET_FILE=/run/secrets/JWT_SECRET"]
    given = {line.partition("=")[0] for line in lines}
    return "\n".join([*lines, *(f"# {each.name}={each.default}" for each in _plain() if each.name not in given)]) + "\n"


def compose() -> str:
    """Return the part of a compose file about settings: secrets are files, never environment."""
    lines = ["services:", "  backend:", "    environment:", "      COMFYTAVERN_ENV: production", '      HOST_BACKEND: "0.0.0.0"']
    lines += ["      DATA_DIR: /data"]
    lines += [
        f"      {each.name}: ${{{each.name}:-{each.default}}}"
        for each in _plain()
        if each.name not in {"COMFYTAVERN_ENV", "HOST_BACKEND", "DATA_DIR"}
    ]
    lines += ["    secrets: [JWT_SECRET]", "secrets:", "  JWT_SECRET:", "    file: ./secrets/JWT_SECRET"]
    return "\n".join(lines) + "\n"


def ci() -> str:
    """Return `env:` of a GitHub Actions job: plain values from variables, secrets from the store of secrets."""
    lines = ["env:"]
    lines += [f"  {each.name}: ${{{{ vars.{each.name} }}}}" for each in _plain()]
    lines += [f"  {each.name}: ${{{{ secrets.{each.name} }}}}" for each in _secret()]
    return "\n".join(lines) + "\n"


def as_json() -> str:
    """Return the schema."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


FORMATS: Final[Mapping[str, Callable[[], str]]] = {
    "env": env,
    "systemd": systemd,
    "docker": docker,
    "compose": compose,
    "ci": ci,
    "json": as_json,
}


def table() -> str:
    """Return the table of docs/reference/settings.md, one part for each group."""
    parts: list[str] = []
    for group, title in GROUPS.items():
        rows = [_row(variable) for variable in variables() if variable.group == group]
        parts.append("\n".join([f"### {title}", "", "| Variable | Default | What it is |", "|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def _row(variable: Variable) -> str:
    also = f" (or {', '.join(f'`{name}`' for name in variable.aliases)})" if variable.aliases else ""
    default = f"`{variable.default}`" if variable.default and variable.shown == variable.default else variable.shown or "–"
    bounds = f" ({variable.least:g} to {variable.most:g})" if variable.least is not None and variable.most is not None else ""
    return f"| `{variable.name}`{also} | {default} | {variable.meaning}{bounds} |"


def _plain() -> list[Variable]:
    return [variable for variable in variables() if not variable.secret and not variable.by_deploy]


def _secret() -> list[Variable]:
    return [variable for variable in variables() if variable.secret]


def _remark(variable: Variable) -> str:
    words = variable.shown if variable.shown != variable.default else ""
    if variable.required_in_production:
        words = f"{words}; required in production: {HOW_TO_MAKE_ONE.partition(': ')[2]}"
    return f"# default: {words}\n" if words else ""
