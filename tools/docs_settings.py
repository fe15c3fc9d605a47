"""Write docs/reference/settings.md and .env.example from the schema of settings; with --check, fail when they would change."""

import sys
from pathlib import Path

from comfytavern.settings import render

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "settings.md"
EXAMPLE = ROOT / ".env.example"
INTRO = """# Settings

Everything the person who runs ComfyTavern decides is an environment variable. This page and `.env.example` are generated from the
schema (`make schemas`).

## Where values come from

The first source that has a value wins:

1. options of `comfytavern serve`,
2. the environment,
3. the `.env` file in the working folder (nothing is substituted in it: a `$` is a `$`),
4. the content of the file that `NAME_FILE` names (in the environment, or in `.env`),
5. a file named like the variable in `/run/secrets`,
6. the places in a cloud that `SETTINGS_FROM` names.

A value that begins with `cmd:` is a command that prints the value, like `JWT_SECRET=cmd:pass show tavern`. It is run without a shell,
may take 10 seconds, and what it prints is never logged. An empty value is no value.

A value that begins with `aws-ssm:`, `aws-sm:`, `azure-kv:`, `azure-appconfig:` or `google-sm:` is a reference to what a cloud keeps:
[settings in a cloud](../operate/cloud-settings.md).

All bad values are reported at once, each with the variable, what was found (secrets masked) and what to do, and nothing is started.
Names that are not ours are warned about: all of them in `.env`, in the environment those that look like ours (`DATABSE_URL`).

## All settings

"""
REST = """
A secret can be made with `openssl rand -base64 48`.

## In production

With `COMFYTAVERN_ENV=production` the log is one JSON object per line, and nothing starts when

- `JWT_SECRET` is missing, shorter than 32 bytes, an example from a document, or easy to guess,
- `CORS_ORIGIN` has a wildcard (refused in development too: cookies are sent along),
- `LOG_LEVEL` is `debug`,
- `TRUSTED_PROXIES` is everybody, or `METRICS_TOKEN` is short,
- `DATA_DIR` or the SQLite file may not be written to.

It warns when `API_BASE_URL` is missing or not `https://`. Cookies are secure when `API_BASE_URL` begins with `https://`.

```sh
COMFYTAVERN_ENV=production
HOST_BACKEND=0.0.0.0
DATA_DIR=/srv/tavern
API_BASE_URL=https://tavern.example.org
HISTORY_DAYS=90
# JWT_SECRET is the content of /run/secrets/JWT_SECRET
```

## The command line

- `comfytavern env check [--file F] [--production] [--json]` says everything that is wrong or doubtful; exit code 1 when a server would
  not start.
- `comfytavern env diff A B` compares two files; secrets are shown as fingerprints only.
- `comfytavern env example [--format env|systemd|docker|compose|ci|json]` prints every setting in the form a program reads.
- `comfytavern env rotate [--file F]` makes a new `JWT_SECRET` and moves the old one to `JWT_SECRET_PREVIOUS`; everything else in the file
  stays byte for byte. After a restart nobody is logged out. `comfytavern env rotate --finish` ends the overlap.
  Cookies do not depend on the secret; bearer tokens and the keys of model channels do. The servers seal those keys anew under the new
  secret as soon as every one of them knows it, and say so in the log; end the overlap after that
  ([Renew the secret](../operate/upgrade-and-rollback.md#renew-the-secret)).

## While the server runs

`SIGHUP` reads everything again, except the environment, which a process has from its start. `JWT_SECRET`, `JWT_SECRET_PREVIOUS`,
`LOG_LEVEL`, `METRICS_TOKEN`, `CORS_ORIGIN` and the keys of model services are applied at once and nobody is logged out; what else has
changed is named in the log and waits for a restart. When anything cannot be read or is wrong, everything stays as it was, and one line
of the log says why.

## Keys of model services

`OPENAI_API_KEY`, `OPENROUTER_API_KEY` and `DEEPSEEK_API_KEY` give the owner a channel each. The key stays in memory: it is neither stored
in the database nor shown, and is only sent to the address of its service. The channel goes when the variable goes.
"""


def main() -> int:
    """Return the exit code."""
    wanted = {PAGE: INTRO + render.table() + REST, EXAMPLE: render.env()}
    if "--check" in sys.argv:
        stale = [path.name for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
        if stale:
            print(f"{', '.join(stale)} would change.")
        return int(bool(stale))
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
