"""`comfytavern monitoring`: files for what watches an installation."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from comfytavern.cli.writing import Force, write
from comfytavern.deploy.connectors.notice import Event, Notice
from comfytavern.deploy.render.monitoring import dashboard, rules, scrape
from comfytavern.deploy.render.monitoring.values import DASHBOARD, RULES, SCRAPE, Watching

monitoring = typer.Typer(no_args_is_help=True, help="Files and words for what watches an installation.")
PLAIN = Watching()


@monitoring.command()
def render(  # noqa: PLR0913 -- one argument for each option
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("monitoring"),
    *,
    force: Force = False,
    target: Annotated[list[str] | None, typer.Option(help="A server to read, host:port; more than one may be given.")] = None,
    job: Annotated[str, typer.Option(help="The job_name of the scrape.")] = PLAIN.job,
    error_share: Annotated[float, typer.Option(help="Share of failed requests that is too large.")] = PLAIN.error_share,
    slow_s: Annotated[float, typer.Option(help="Seconds within which 95 % of requests are answered.")] = PLAIN.slow_s,
    queue_wait_s: Annotated[float, typer.Option(help="Seconds that runs may wait for their turn.")] = PLAIN.queue_wait_s,
    cost_usd_per_h: Annotated[float, typer.Option(help="US dollars that models may cost an hour.")] = PLAIN.cost_usd_per_h,
) -> None:
    """Write rules and alerts for Prometheus, its configuration, and a dashboard for Grafana."""
    watching = Watching(job=job, error_share=error_share, slow_s=slow_s, queue_wait_s=queue_wait_s, cost_usd_per_h=cost_usd_per_h).checked()
    texts = {
        RULES: rules.render(watching),
        DASHBOARD: dashboard.render(watching),
        SCRAPE: scrape.render(watching, tuple(target or ["tavern.example.org:443"])),
    }
    write(out, texts, force=force)


@monitoring.command()
def mark(
    event: Annotated[Event, typer.Argument(help="What became of a deployment.")],
    *,
    release: Annotated[str, typer.Option(help="The release.")] = "",
    target: Annotated[str, typer.Option("--target", "-t", help="Where: staging, production.")] = "",
    url: Annotated[str, typer.Option(help="Where it can be seen.")] = "",
    duration: Annotated[float | None, typer.Option(help="Seconds it took.")] = None,
) -> None:
    """Mark a deployment in Grafana, in Sentry and by OTLP, where the variables MARK_… say; for pipelines.

    Exit code 0: every mark is set, or none is asked for. 1: one could not be set.
    """
    from comfytavern.cli import marking  # noqa: PLC0415 -- a second that `version` need not wait
    from comfytavern.cli.notifying import me, warn  # noqa: PLC0415 -- as above

    notice = Notice(event=event, release=release, target=target, url=url, who=me(), duration_s=duration)
    problems = asyncio.run(marking.mark(notice))
    warn(problems)
    if problems:
        raise typer.Exit(1)
    print(notice.sentence if marking.wanted() else "No mark is set: no variable MARK_… names a place.")
