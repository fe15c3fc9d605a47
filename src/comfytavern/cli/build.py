"""`comfytavern build`: from a checkout to one release artifact; `comfytavern build verify` tells whether one is sound."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from comfytavern.kernel.errors import Invalid

if TYPE_CHECKING:
    from comfytavern.deploy.build.service import Built

build = typer.Typer(help="Build a release artifact out of a checkout, or verify one.", invoke_without_command=True)


@build.callback()
def make(  # noqa: PLR0913 -- one argument for each option
    context: typer.Context,
    *,
    source: Annotated[Path, typer.Option(help="The checkout.")] = Path(),
    out: Annotated[Path, typer.Option(help="Folder for the artifact.")] = Path("dist"),
    release_id: Annotated[str, typer.Option(help="Name of the release instead of VERSION+COMMIT.")] = "",
    sign_key: Annotated[
        Path | None, typer.Option(help="SSH key to sign with: a private one, or a public one whose other half is in ssh-agent.")
    ] = None,
    web_only: Annotated[bool, typer.Option("--web-only", help="Build only the web app, into web/dist.")] = False,
    skip_web: Annotated[bool, typer.Option("--skip-web", help="Take the web app as it was built last.")] = False,
    python_tag: Annotated[str, typer.Option(help="Python of the hosts.")] = "cp311",
    platform: Annotated[str, typer.Option(help="Platform of the hosts: linux_x86_64 or linux_aarch64.")] = "linux_x86_64",
    extras: Annotated[
        list[str] | None, typer.Option("--with", help="Bring the library of a cloud along, for settings in it: aws, azure or google.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Build one artifact: web app, wheel and everything it needs, manifest, bill of materials, checksums, signature."""
    if context.invoked_subcommand is not None:
        return
    from comfytavern.boot.release import app  # noqa: PLC0415 -- a second that `version` need not wait
    from comfytavern.deploy.build.service import STEPS, Wish  # noqa: PLC0415 -- as above
    from comfytavern.deploy.build.service import build as build_it  # noqa: PLC0415 -- as above
    from comfytavern.deploy.build.service import web_only as only  # noqa: PLC0415 -- as above
    from comfytavern.deploy.build.wheelhouse import target  # noqa: PLC0415 -- as above

    if web_only and skip_web:
        raise Invalid("build.options", "--web-only and --skip-web together leave nothing to do.", hint="Give one of them.")
    wish = Wish(
        root=source,
        out=out,
        release=release_id,
        sign_key=sign_key,
        web="reuse" if skip_web else "build",
        target=target(python_tag, platform),
        extras=tuple(extras or ()),
    )
    with _progress(STEPS, quiet=json) as told:
        built = only(wish, told) if web_only else build_it(wish, app(), told)
    _print(_document(built) if json else _told(built))


@build.command()
def verify(
    artifact: Annotated[Path, typer.Argument(help="A .tar.zst, or the folder of an opened one.")],
    *,
    signers: Annotated[
        Path | None, typer.Option(help="File of allowed signers (ssh-keygen); the release has to be signed by one of them.")
    ] = None,
    python_tag: Annotated[str, typer.Option(help="Python of the host it is for, such as cp311.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Check every file, the checksums, the signature and the wheels of a release. Exit code 1 when anything is wrong."""
    from comfytavern.deploy.release import Release, open_artifact  # noqa: PLC0415 -- a second that `version` need not wait
    from comfytavern.deploy.release import verify as look  # noqa: PLC0415 -- as above

    if signers is not None and not signers.is_file():
        raise Invalid("build.signers", f"{signers} is not a file.", hint="Write it as described under ALLOWED SIGNERS in `man ssh-keygen`.")
    folder = open_artifact(artifact)
    problems = look(folder, signers, python_tag or None)
    if json:
        release = "" if problems else Release.read(folder).release
        _print(
            {
                "ok": not problems,
                "release": release,
                "problems": [{"code": each.code, "message": each.message, "params": each.params} for each in problems],
            }
        )
    elif problems:
        for problem in problems:
            print(f"{problem.message} ({problem.code})", file=sys.stderr)
    else:
        release = Release.read(folder)
        print(f"{release.release} is sound: {len(release.files)} files, Python {release.python.tag}, built from {release.git[:7]}.")
    if problems:
        raise typer.Exit(1)


@build.command()
def bill(
    wheels: Annotated[Path, typer.Option(help="Folder of the wheels that are installed.")],
    out: Annotated[Path, typer.Option(help="File to write.")],
    *,
    npm_lock: Annotated[Path | None, typer.Option(help="package-lock.json of the web app, when it is inside.")] = None,
    release: Annotated[str, typer.Option(help="Name of the release.")] = "dev",
) -> None:
    """Write the bill of materials of an image: CycloneDX 1.6, dated by SOURCE_DATE_EPOCH."""
    import os  # noqa: PLC0415 -- only for image builds

    from comfytavern import __version__  # noqa: PLC0415 -- as above
    from comfytavern.deploy.build import sbom  # noqa: PLC0415 -- as above

    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    out.write_bytes(sbom.bill(release, __version__, seconds=seconds, wheels=wheels.glob("*.whl"), npm_lock=npm_lock))


@contextmanager
def _progress(steps: int, *, quiet: bool) -> Generator[Callable[[str], None]]:
    """Yield what hears each step: a bar for a person at a terminal, plain lines for a log, nothing for a program."""
    if quiet:
        yield lambda _: None
        return
    if not sys.stderr.isatty():
        yield lambda text: print(text, file=sys.stderr, flush=True)
        return
    from rich.console import Console  # noqa: PLC0415 -- only for a person at a terminal
    from rich.progress import Progress  # noqa: PLC0415 -- as above

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Building", total=steps)
        yield lambda text: bar.update(task, advance=1, description=text)


def _document(built: "Built | Path") -> dict[str, object]:
    import msgspec  # noqa: PLC0415 -- only for programs

    return {"web": str(built)} if isinstance(built, Path) else msgspec.to_builtins(built)


def _told(built: "Built | Path") -> str:
    if isinstance(built, Path):
        return f"The web app is in {built}."
    return f"{built.artifact}\n{built.files} files, {built.bytes / 1e6:.1f} MB, {built.seconds:.1f} s, sha256 {built.sha256}"


def _print(said: object) -> None:
    import json  # noqa: PLC0415 -- only for programs

    print(said if isinstance(said, str) else json.dumps(said, ensure_ascii=False))
