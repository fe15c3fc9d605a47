"""`comfytavern ci`: writes the pipelines that build, test and deploy a checkout, on GitHub Actions or GitLab CI."""

from pathlib import Path
from typing import Annotated, get_args

import typer

from comfytavern.cli.writing import Force, write
from comfytavern.kernel.errors import Invalid

ci = typer.Typer(help="Write pipelines for GitHub Actions and GitLab CI.", no_args_is_help=True, rich_markup_mode=None)


@ci.callback()
def group() -> None:
    """Keep `init` a verb of its own while it is the only one."""


@ci.command()
def init(
    service: Annotated[str, typer.Argument(help="github or gitlab.")],
    *,
    deploy: Annotated[str, typer.Option(help="How a release gets to where it serves: ssh, docker, kubernetes or ecs.")] = "ssh",
    out: Annotated[Path, typer.Option(help="The checkout.")] = Path(),
    force: Force = False,
) -> None:
    """Write the pipeline from a commit to production, and back; docs/operate/ci-cd.md says what to set up beside it."""
    from comfytavern.deploy.render import pipelines  # noqa: PLC0415 -- `version` need not wait for it

    for given, known in ((service, pipelines.Service), (deploy, pipelines.Way)):
        if given not in get_args(known):
            raise Invalid("ci.unknown", f"There is no {given}.", hint=f"Use one of {', '.join(get_args(known))}.")
    files = pipelines.render(pipelines.Pipeline(service, deploy))  # pyright: ignore[reportArgumentType] -- looked up a line above
    write(out, files, force=force)
    print("\nWhat to set up beside it (secrets, variables, who agrees): docs/operate/ci-cd.md")
