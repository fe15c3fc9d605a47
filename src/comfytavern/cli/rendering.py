"""`comfytavern deploy render`: files for those who run containers. Written once, then yours; nothing is started."""

from pathlib import Path
from typing import Annotated

import typer

from comfytavern.cli.writing import Force, write

render = typer.Typer(
    help="Write files for Docker, compose, Kubernetes and ECS: docs/operate/containers.md.", no_args_is_help=True, rich_markup_mode=None
)
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder to write into.")]
Name = Annotated[str, typer.Option(help="Tag of the images.")]
Domain = Annotated[str, typer.Option(help="The name people use.")]
EXAMPLE = "tavern.example.org"


@render.command()
def docker(*, out: Out = Path(), force: Force = False) -> None:
    """Dockerfiles of the web app, of the back end, of both in one, and what they read. A checkout has them already."""
    from comfytavern.deploy.render import images  # noqa: PLC0415 -- a second that `version` need not wait

    write(out, images.render(images.Images()), force=force, programs=images.PROGRAMS)


@render.command()
def compose(
    *,
    out: Out = Path(),
    force: Force = False,
    memory_mib: Annotated[int, typer.Option(min=256, help="What the back end may use.")] = 1024,
) -> None:
    """docker-compose.yml for one box with SQLite, compose.production.yml with PostgreSQL."""
    from comfytavern.deploy.render import compose as room  # noqa: PLC0415 -- as above

    write(out, room.render(room.Box(memory_mib=memory_mib)), force=force)


@render.command()
def kubernetes(  # noqa: PLR0913 -- one argument for each option
    *,
    out: Out = Path("kubernetes"),
    force: Force = False,
    release: Name = "dev",
    registry: Annotated[str, typer.Option(help="Where the images are, with a slash at the end.")] = "",
    domain: Domain = EXAMPLE,
    staging_domain: Annotated[str, typer.Option(help="And in staging.")] = f"staging.{EXAMPLE}",
    namespace: Annotated[str, typer.Option(help="Namespace; that of staging ends in -staging.")] = "comfytavern",
    replicas: Annotated[int, typer.Option(help="Of the back end; more than one is refused, with the reason.")] = 1,
    web_replicas: Annotated[int, typer.Option(min=1, help="Of the web app.")] = 2,
    ingress_class: Annotated[str, typer.Option(help="Class of the ingress.")] = "nginx",
    pods: Annotated[str, typer.Option(help="Network of the pods.")] = "10.0.0.0/8",
    database: Annotated[str, typer.Option(help="Network of PostgreSQL.")] = "10.0.0.0/8",
    storage_gib: Annotated[int, typer.Option(min=1, help="Size of the volume for files and backups.")] = 10,
) -> None:
    """A kustomize base, and overlays for staging and production."""
    from comfytavern.deploy.render import kubernetes as room  # noqa: PLC0415 -- as above

    cluster = room.Cluster(
        release=release,
        registry=registry,
        domain=domain,
        staging_domain=staging_domain,
        namespace=namespace,
        replicas=replicas,
        web_replicas=web_replicas,
        ingress_class=ingress_class,
        pods=pods,
        database=database,
        storage_gib=storage_gib,
    )
    write(out, room.render(cluster), force=force)


@render.command()
def ecs(  # noqa: PLR0913 -- one argument for each option
    *,
    out: Out = Path(),
    force: Force = False,
    release: Name = "dev",
    region: Annotated[str, typer.Option(help="Region of AWS.")] = "eu-central-1",
    account: Annotated[str, typer.Option(help="Account of AWS.")] = "123456789012",
    domain: Domain = EXAMPLE,
    file_system: Annotated[str, typer.Option(help="EFS file system for files and backups.")] = "fs-0123456789abcdef0",
    access_point: Annotated[str, typer.Option(help="Its access point, of user and group 10001.")] = "fsap-0123456789abcdef0",
    network: Annotated[str, typer.Option(help="Network of the VPC.")] = "10.0.0.0/16",
) -> None:
    """A task definition for Fargate: `aws ecs register-task-definition --cli-input-json file://task-definition.json`."""
    from comfytavern.deploy.render import ecs as room  # noqa: PLC0415 -- as above

    task = room.Task(
        release=release,
        region=region,
        account=account,
        domain=domain,
        file_system=file_system,
        access_point=access_point,
        network=network,
    )
    write(out, room.render(task), force=force)
