"""Every room, made by its plain constructor from the settings, in the order of the floors. Nothing starts by itself."""

from dataclasses import dataclass, replace
from typing import Final

from comfytavern.accounts.bearer import Signer
from comfytavern.accounts.password import Passwords
from comfytavern.accounts.service import Accounts
from comfytavern.accounts.user import User
from comfytavern.api.metrics import Metrics
from comfytavern.boot.kinds import Remembering
from comfytavern.boot.meter import All, Meter
from comfytavern.boot.refresh import Keyed
from comfytavern.boot.rights import ProjectRights, is_owner
from comfytavern.boot.secrets import application_secrets
from comfytavern.boot.tally import Counted
from comfytavern.boot.telemetry.tracing import Tracing
from comfytavern.engine.runner import Cache
from comfytavern.files.library import Library
from comfytavern.files.local_disk import LocalDisk
from comfytavern.graph.document import Graph
from comfytavern.graph.migrate import migrate
from comfytavern.kernel.clock import SystemClock
from comfytavern.llm.channels import Channels
from comfytavern.llm.gateway import Gateway
from comfytavern.llm.given import GivenChannels
from comfytavern.llm.providers.demo import Demo
from comfytavern.llm.providers.openai_compatible import OpenAICompatible
from comfytavern.llm.resealing import Resealing
from comfytavern.llm.vault import Vault
from comfytavern.nodes.http.guard import Fetcher
from comfytavern.nodes.numbers.counters import Counters, MemoryCounters
from comfytavern.nodes.registry import Catalogue
from comfytavern.nodes.sandbox.pool import Sandbox
from comfytavern.projects.executor import Executor, this_process
from comfytavern.projects.limits import StageLimits
from comfytavern.projects.repo import Archive
from comfytavern.projects.runs import Runs
from comfytavern.projects.service import Projects
from comfytavern.settings.settings import Settings
from comfytavern.store.accounts import SqlSessions, SqlSetup, SqlUsers
from comfytavern.store.archive import archive
from comfytavern.store.database import Database
from comfytavern.store.llm import SqlChannels
from comfytavern.store.projects import SqlProjects, SqlTrash, SqlVersions, SqlWorkflows
from comfytavern.store.sealed import SqlSealed

CALLS_PER_PROVIDER: Final = 16


@dataclass(frozen=True, slots=True)
class Rooms:
    """The doors of all rooms, and what holds something open outside this process."""

    accounts: Accounts
    projects: Projects
    runs: Runs
    channels: Channels
    library: Library
    catalogue: Catalogue
    gateway: Gateway
    sandbox: Sandbox
    keyed: Keyed
    resealing: Resealing

    async def close(self) -> None:
        """Checkpoint the runs, and let go of processes and connections."""
        await self.runs.close()
        await self.sandbox.aclose()
        await self.gateway.aclose()


def build(
    settings: Settings,
    database: Database,
    *,
    channels: Database | None = None,
    metrics: Metrics | None = None,
    drawn: Tracing | None = None,
    passwords: Passwords | None = None,
) -> Rooms:
    """Return every room over prepared databases.

    `channels`: where channels are kept, if not in `database`; `drawn`: who draws traces; `passwords`: how they are hashed, if not as in
    production.
    """
    secret, *earlier = application_secrets(settings)
    vault, signer = Vault(secret, earlier=earlier), Signer([secret, *earlier], clock=SystemClock())
    kept = GivenChannels(SqlChannels(channels or database), settings.provider_keys, vault, is_owner(channels or database))
    providers = {"demo": Demo(), "openai-compatible": OpenAICompatible()}
    metrics = metrics or Metrics()
    meter = Meter(metrics.work)
    gateway = Gateway(kept, vault, providers, watch=All([meter, drawn.models]) if drawn else meter)
    sandbox, catalogue = Sandbox(), Catalogue.built_in()
    projects = Projects(SqlProjects(database), SqlWorkflows(database), SqlVersions(database), SqlTrash(database))
    library, here = _library(settings, projects), this_process(release=settings.release, slot=settings.slot)
    services: dict[type, object] = {
        Gateway: gateway,
        Library: library,
        Sandbox: sandbox,
        Fetcher: Fetcher(allow_private=settings.allow_private_network),
        Counters: MemoryCounters(),
    }
    runner = Remembering(catalogue, services=services, cache=Cache(), pools={"llm": CALLS_PER_PROVIDER})
    return Rooms(
        accounts=_accounts(database, signer, projects, passwords),
        projects=projects,
        runs=_runs(settings, _watched(database, runner, metrics, drawn), projects, runner, catalogue, here),
        channels=Channels(kept, vault, providers),
        library=library,
        catalogue=catalogue,
        gateway=gateway,
        sandbox=sandbox,
        keyed=Keyed(signer, vault, kept),
        resealing=Resealing(SqlSealed(channels or database), vault, here.id),
    )


def _accounts(database: Database, signer: Signer, projects: Projects, passwords: Passwords | None) -> Accounts:
    async def welcome(user: User) -> None:
        await projects.welcome(user.id)

    repos = SqlUsers(database), SqlSessions(database), SqlSetup(database)
    return Accounts(*repos, signer, passwords=passwords, welcome=welcome)


def _library(settings: Settings, projects: Projects) -> Library:
    disk = LocalDisk(settings.data_dir / "files")
    return Library(disk, disk, rights=ProjectRights(projects), file_bytes_max=settings.upload_mib_max * 1024 * 1024)


def _watched(database: Database, runner: Remembering, metrics: Metrics, drawn: Tracing | None) -> Archive:
    """Return the archive with everybody who counts and draws what passes on the way to it."""
    kept = archive(database)
    counted = replace(kept, events=Counted(kept.events, metrics, runner.kind))
    return replace(counted, runs=drawn.runs(database), events=drawn.events(counted.events, runner.kind)) if drawn else counted


def _runs(settings: Settings, kept: Archive, projects: Projects, runner: Remembering, catalogue: Catalogue, here: Executor) -> Runs:
    limits = StageLimits(
        running=settings.runs_at_once,
        running_per_user=settings.runs_per_user,
        queued=settings.queue_max,
        history_days=settings.history_days,
    )

    def modern(graph: Graph) -> Graph:
        return migrate(graph, catalogue, catalogue.migrations).graph

    return Runs(projects, runner, kept, limits=limits, modern=modern, executor=here)
