"""The composition root: the only place that sees everything. The rooms are made in rooms.py."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

from starlette.types import ASGIApp

import comfytavern
from comfytavern.accounts.password import Passwords
from comfytavern.accounts.service import Accounts
from comfytavern.api.app import create_app
from comfytavern.api.drain import Drain
from comfytavern.api.metrics import Metrics
from comfytavern.api.services import Services, Values
from comfytavern.boot import slots
from comfytavern.boot.database import backing_up, state_of, up_to_date
from comfytavern.boot.folders import FREE_BYTES_MIN, web_folder
from comfytavern.boot.leave import Deadlines
from comfytavern.boot.pulse import Pulse
from comfytavern.boot.refresh import Refresh
from comfytavern.boot.rooms import Rooms, build
from comfytavern.boot.standing import Standing
from comfytavern.boot.telemetry.errors import reporting
from comfytavern.boot.telemetry.tracing import tracing
from comfytavern.kernel.errors import Unavailable
from comfytavern.kernel.secret import Secret
from comfytavern.settings.settings import Settings
from comfytavern.store.database import Database
from comfytavern.store.phases import LEVEL


@dataclass(frozen=True, slots=True)
class System:
    """Everything, running."""

    settings: Settings
    services: Services
    app: ASGIApp
    setup_link: str
    """Where the owner is created; empty when there is one."""
    refresh: Refresh
    deadlines: Deadlines = field(default_factory=Deadlines)
    """How long a stop waits for what is under way."""


@asynccontextmanager
async def running(settings: Settings, *, passwords: Passwords | None = None) -> AsyncGenerator[System]:
    """Build everything, go on with the runs of the last process, and hand over at the end what is not over.

    `passwords`: for tests, that hash them at a lower cost.
    """
    async with AsyncExitStack() as stack:
        reports = await stack.enter_async_context(reporting(settings))
        database = Database(settings.database)
        stack.push_async_callback(database.close)
        metrics = Metrics(version=comfytavern.__version__, release=settings.release, slot=settings.slot)
        drawn = tracing(settings)
        if drawn is not None:
            stack.push_async_callback(asyncio.to_thread, drawn.close)
        rooms = build(settings, database, metrics=metrics, drawn=drawn, passwords=passwords)
        stack.push_async_callback(rooms.close)
        await rooms.runs.open()
        await stack.enter_async_context(rooms.resealing.going_on())
        services = _services(settings, rooms, metrics, database)
        pulse = Pulse(metrics, lambda: rooms.runs.open_count)
        standing = Standing(services, database, pulse, data_dir=settings.data_dir, deploy_root=settings.deploy_root)
        services = replace(services, operations=standing, tracer=drawn.requests if drawn else None, reports=reports)
        await stack.enter_async_context(pulse.beating())
        refresh = Refresh(settings, rooms.keyed, services.values)
        await stack.enter_async_context(backing_up(refresh.settings, database))
        app, link = create_app(services, web=web_folder()), await _setup_link(settings, rooms.accounts)
        yield System(settings, services, app, link, refresh, Deadlines(settings.drain_s, settings.drain_streams_s))


def _services(settings: Settings, rooms: Rooms, metrics: Metrics, database: Database) -> Services:
    drain = Drain()
    metrics.show("http_open", "Requests being answered.", lambda: drain.http)
    metrics.show("sockets_open", "WebSockets.", lambda: drain.sockets)
    metrics.show("queue_length", "Runs that wait for their turn, on all servers.", lambda: rooms.runs.queue_length)
    metrics.show("draining", "1 while everybody is asked to go elsewhere.", lambda: drain.active)
    text = "Percent of the traffic that a slot of this host gets, with its release and state."
    metrics.show_rows("slot_weight", text, slots.LABELS, lambda: slots.weights(settings.deploy_root))
    return Services(
        accounts=rooms.accounts,
        projects=rooms.projects,
        runs=rooms.runs,
        channels=rooms.channels,
        library=rooms.library,
        catalogue=rooms.catalogue,
        values=Values(
            version=comfytavern.__version__,
            release=settings.release,
            slot=settings.slot,
            trusted_proxies=settings.trusted_proxies,
            metrics_token=Secret(token) if (token := settings.metrics_token.get_secret_value()) else None,
            secure_cookies=settings.address.startswith("https://"),
            origins=settings.origins,
            allow_private_network=settings.allow_private_network,
            slow_client_s=settings.slow_client_s,
            schema_level=LEVEL,
        ),
        checks=_checks(settings, rooms.accounts, database),
        drain=drain,
        metrics=metrics,
        contracted=lambda: _contracted(database),
    )


async def _contracted(database: Database) -> int:
    return (await state_of(database)).contracted


def _checks(settings: Settings, accounts: Accounts, database: Database) -> dict[str, Callable[[], Awaitable[None]]]:
    async def database_answers() -> None:
        await accounts.setup_needed()

    async def disk_has_room() -> None:
        usage = await asyncio.to_thread(shutil.disk_usage, settings.data_dir)
        if usage.free < FREE_BYTES_MIN:
            raise Unavailable(
                "boot.disk_full", f"The disk is full: {usage.free >> 20} MiB are left.", hint="Free some space, or move DATA_DIR."
            )

    async def migrations_are_there() -> None:
        await up_to_date(database)

    return {"database": database_answers, "disk": disk_has_room, "migrations": migrations_are_there}


async def _setup_link(settings: Settings, accounts: Accounts) -> str:
    token = await accounts.new_setup_token()
    return f"{settings.address}/setup?token={token.reveal()}" if token else ""
