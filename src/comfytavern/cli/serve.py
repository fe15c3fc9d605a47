"""`comfytavern serve`: the server, and what it says when it is ready."""

from typing import TYPE_CHECKING, Annotated

import typer

from comfytavern.cli.options import DataDir

if TYPE_CHECKING:
    from comfytavern.boot.app import System


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (HOST_BACKEND).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (PORT_BACKEND).")] = None,
    data_dir: DataDir = None,
) -> None:
    """Serve the API and the web app on one address until Ctrl+C."""
    from comfytavern.boot.server import serve as serve_until_stopped  # noqa: PLC0415 -- a second that `version` need not wait
    from comfytavern.settings.settings import read  # noqa: PLC0415 -- as above

    serve_until_stopped(read(host=host, port=port, data_dir=data_dir), announce=_announce)


def _announce(system: "System") -> None:
    print(f"ComfyTavern {system.services.values.version} is ready: {system.settings.address}", flush=True)
    if system.setup_link:
        print(f"Create the owner here (the link works once): {system.setup_link}", flush=True)
