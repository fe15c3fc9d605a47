"""Hosts, a spec and releases for the tests of the controller."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from comfytavern.deploy.facts import Facts, facts_of
from comfytavern.deploy.release import EnvName, File, Interpreter, Release, Schema
from comfytavern.deploy.service import Deployments, Wish
from comfytavern.deploy.spec import POSTGRESQL, Spec, parse
from comfytavern.deploy.supply import Supply
from comfytavern.testing.deploy import RecordingHost

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
OLD, NEW = "1.0.0+aaaaaaa", "1.1.0+bbbbbbb"


def spec(hosts: int = 3, strategy: str = 'name = "blue_green"', more: str = "") -> Spec:
    """Return a spec with some hosts."""
    text = more + "".join(f'[hosts.h{n}]\naddress = "10.0.0.{n}"\n' for n in range(1, hosts + 1))
    return parse(f"{text}[strategy]\n{strategy}\n")


def release(name: str = NEW, level: int = 2, **more: Any) -> Release:
    """Return a release."""
    return Release(
        release=name,
        version=name.partition("+")[0],
        git="bbbbbbb",
        created="2026-11-24T00:00:00Z",
        python=Interpreter(),
        schema=Schema(level=level, min=1),
        env={"JWT_SECRET": EnvName(required_in_production=True, secret=True)},
        files={"requirements.txt": File("a" * 64, 1000)},
        **more,
    )


def machines(hosts: int = 3, active: str | None = OLD, level: int | None = 2) -> dict[str, RecordingHost]:
    """Return hosts on which `active` serves."""
    found = {f"h{n}": RecordingHost(f"h{n}") for n in range(1, hosts + 1)}
    for each in found.values():
        each.level = level if active else None
        if active:
            each.installed[active] = True
            each.slots["blue"] = {"release": active, "state": "active", "since": None}
            each.active, each.current, each.weights = "blue", active, {"blue": 100, "green": 0}
    return found


async def facts(hosts: dict[str, RecordingHost]) -> dict[str, Facts]:
    """Return what hosts say."""
    return {name: facts_of(name, await host.call("facts")) for name, host in hosts.items()}


def wish(kind: Any = "apply", **more: Any) -> Wish:
    """Return a wish that preflight agrees to."""
    given = {"release": release()} if kind == "apply" else {}
    usual = {"names": frozenset({"JWT_SECRET"}), "database": POSTGRESQL}
    return Wish(kind=kind, **{**usual, **given, **more})


def deployments(
    hosts: dict[str, RecordingHost], chosen: Spec | None = None, told: Callable[[Any], None] = lambda _: None, supply: Supply | None = None
) -> Deployments:
    """Return the door, at a fixed time."""
    return Deployments(chosen or spec(len(hosts)), dict(hosts), supply, told=told, clock=lambda: NOW)
