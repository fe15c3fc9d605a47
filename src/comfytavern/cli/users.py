"""`comfytavern users`: who may log in, without the web app. For whoever may read the data folder anyway."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from comfytavern.cli.importing import importing
from comfytavern.cli.options import DataDir

if TYPE_CHECKING:
    from comfytavern.boot.people import People

T = TypeVar("T")

users = typer.Typer(help="Show, add and remove people; give a forgotten password anew.", no_args_is_help=True, rich_markup_mode=None)

Person = Annotated[str, typer.Argument(help="Name to log in with.")]
Password = Annotated[
    str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for when it is not given.", envvar="PASSWORD")
]


@users.command("list")
def list_users(data_dir: DataDir = None) -> None:
    """Print everybody: name, role, id."""
    for user in _with_people(lambda people: people.everybody(), data_dir):
        print(f"{user.name}\t{user.role}\t{user.id}")


@users.command()
def add(name: Person, password: Password, data_dir: DataDir = None) -> None:
    """Add a person; the first becomes the owner."""
    user = _with_people(lambda people: people.add(name, password), data_dir)
    print(f"{user.name} was added as {user.role}.")


@users.command()
def remove(
    name: Person, *, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False, data_dir: DataDir = None
) -> None:
    """Remove a person with their projects, runs and files; the owner cannot be removed."""
    if not yes:
        typer.confirm(f"Remove {name} and everything that is theirs?", abort=True, err=True)
    _with_people(lambda people: people.remove(name), data_dir)
    print(f"{name} was removed.")


@users.command()
def password(name: Person, password: Password, data_dir: DataDir = None) -> None:
    """Give a person a new password; they are logged out everywhere."""
    _with_people(lambda people: people.set_password(name, password), data_dir)
    print(f"{name} has a new password.")


def _with_people(do: "Callable[[People], Awaitable[T]]", data_dir: DataDir) -> T:
    with importing():
        from comfytavern.boot.folders import prepare  # noqa: PLC0415 -- a second that `version` need not wait
        from comfytavern.boot.people import people  # noqa: PLC0415 -- as above
        from comfytavern.settings.settings import read  # noqa: PLC0415 -- as above

    settings = read(data_dir=data_dir)
    prepare(settings)

    async def act() -> T:
        async with people(settings) as those:
            return await do(those)

    return asyncio.run(act())
