"""The command line. Verbs are thin: they read arguments, call a room, and print."""

import sys

import typer

from comfytavern import __version__
from comfytavern.cli.build import build
from comfytavern.cli.check import check
from comfytavern.cli.ci import ci
from comfytavern.cli.db import db
from comfytavern.cli.deploy import deploy
from comfytavern.cli.doctor import doctor
from comfytavern.cli.env import env
from comfytavern.cli.monitoring import monitoring
from comfytavern.cli.notify import notify
from comfytavern.cli.run import run
from comfytavern.cli.serve import serve
from comfytavern.cli.terminal import told_problems
from comfytavern.cli.users import users
from comfytavern.kernel.errors import Failure

app = typer.Typer(
    name="comfytavern",
    help="Wire AI workflows on a canvas, run them, watch them, look back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
app.command()(serve)
app.command()(run)
app.add_typer(users, name="users")
app.command()(doctor)
app.add_typer(env, name="env")
app.command()(check)
app.command()(notify)
app.add_typer(ci, name="ci")
app.add_typer(db, name="db")
app.add_typer(deploy, name="deploy")
app.add_typer(build, name="build")
app.add_typer(monitoring, name="monitoring")


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


def main() -> None:
    """Run the command line, and end with its exit code: 0, 1 after a failure, 2 for wrong arguments, 130 after Ctrl+C."""
    try:
        app()
    except Failure as failure:
        told_problems(failure)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
