"""`comfytavern ci`: writes the pipelines that build, test and deploy a checkout, on GitHub Actions or GitLab CI."""

from pathlib import Path
from typing import Annotated, get_args

import typer

from comfytavern.kernel.errors import Conflict, Invalid

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
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Write the pipeline from a commit to production, and back; docs/operate/ci-cd.md says what to set up beside it."""
    from comfytavern.deploy.render import pipelines  # noqa: PLC0415 -- `version` need not wait for it

    for given, known in ((service, pipelines.Service), (deploy, pipelines.Way)):
        if given not in get_args(known):
            raise Invalid("ci.unknown", f"There is no {given}.", hint=f"Use one of {', '.join(get_args(known))}.")
    files = pipelines.render(pipelines.Pipeline(service, deploy))  # pyright: ignore[reportArgumentType] -- looked up a line above
    there = [path for path in files if (out / path).exists() and (out / path).read_text(encoding="utf-8", errors="replace") != files[path]]
    if there and not force:
        sentence = f"{', '.join(there)} {'is' if len(there) == 1 else 'are'} there already, with another content."
        raise Conflict("ci.exists", sentence, hint="Nothing was written. Move it away, or replace it with --force.")
    for path, text in files.items():
        try:
            (out / path).parent.mkdir(parents=True, exist_ok=True)
            (out / path).write_text(text, encoding="utf-8")
        except OSError as error:
            raise Conflict(
                "ci.out", f"{out / path} cannot be written: {error.strerror}.", hint="Give another folder with --out."
            ) from error
        print(out / path)
    print("\nWhat to set up beside it (secrets, variables, who agrees): docs/operate/ci-cd.md")
