"""`comfytavern serve`: the server, and what it says when it is ready."""

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from comfytavern.cli.importing import importing
from comfytavern.cli.options import DataDir

if TYPE_CHECKING:
    from comfytavern.boot.app import System


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (HOST_BACKEND).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (PORT_BACKEND).")] = None,
    data_dir: DataDir = None,
    uds: Annotated[Path | None, typer.Option(help="Listen on a unix socket at this path instead of a port.")] = None,
    uds_mode: Annotated[str, typer.Option(help="Who may connect to it, in octal.")] = "660",
) -> None:
    """Serve the API and the web app on one address until Ctrl+C, or on the socket that systemd passes."""
    with importing():
        from comfytavern.boot.server import Place  # noqa: PLC0415 -- a second that `version` need not wait
        from comfytavern.boot.server import serve as serve_until_stopped  # noqa: PLC0415 -- as above
        from comfytavern.settings.settings import read  # noqa: PLC0415 -- as above

    again = partial(read, host=host, port=port, data_dir=data_dir)
    serve_until_stopped(again(), announce=_announce, place=Place(uds, _octal(uds_mode)), again=again)


def _octal(text: str) -> int:
    if not re.fullmatch(r"0?[0-7]{3}", text):
        raise typer.BadParameter("three octal digits, e.g. 660", param_hint="--uds-mode")
    return int(text, 8)


def _announce(system: "System") -> None:
    print(f"ComfyTavern {system.services.values.version} is ready: {system.settings.address}", flush=True)
    if system.setup_link:
        print(f"Create the owner here (the link works once): {system.setup_link}", flush=True)
