"""Plans are text a person reads: each kind is held to a golden file (write them anew with COMFYTAVERN_GOLDEN=write)."""

import os
from pathlib import Path
from typing import Any

import pytest
from fleet import NEW, OLD, facts, machines, release, spec

from comfytavern.cli.deploying import shown
from comfytavern.deploy.facts import Facts
from comfytavern.deploy.plan import Known, deploying, finishing, rolling_back
from comfytavern.deploy.resume import resuming
from comfytavern.deploy.spec import Spec
from comfytavern.deploy.stage import Plan
from comfytavern.testing.deploy import RecordingHost

GOLDEN = Path(__file__).parents[2] / "golden" / "deploy" / "plans"
KNOWN = Known(deploy="dep_0")


def beside(host: RecordingHost, name: str, state: str) -> None:
    """Put a release into the slot that does not serve."""
    host.installed.setdefault(name, False)
    host.slots["green"] = {"release": name, "state": state, "since": None}


def switched(host: RecordingHost) -> None:
    """Let the new release serve, unwritten, with the old one warm."""
    beside(host, NEW, "active")
    host.slots["blue"]["state"] = "warm"
    host.active, host.weights = "green", {"blue": 0, "green": 100}


async def planned(kind: str) -> Plan:
    """Return the plan of a golden file."""
    hosts = machines(1 if kind == "first-install" else 3, None if kind == "first-install" else OLD, 1)
    usual: dict[str, Spec] = {name: spec(3, f'name = "{name}"') for name in ("rolling", "replace", "canary", "blue_green")}
    for host in hosts.values():
        match kind:
            case "deploy-again" | "deploy-beside-warm":
                beside(host, NEW if kind == "deploy-again" else "0.9.0+ccccccc", "ready" if kind == "deploy-again" else "warm")
            case "nothing" | "rollback-warm" | "finish":
                switched(host)
                host.installed[NEW], host.current = True, NEW
            case "rollback-cold":
                switched(host)
                host.slots["blue"] = {"release": None, "state": "empty", "since": None}
            case "resume-forward" if host.name == "h1":
                switched(host)
            case "resume-forward" | "resume-back":
                beside(host, NEW, "ready")
            case "resume-canary":
                beside(host, NEW, "ready")
                host.weights = {"blue": 95, "green": 5}
            case _:
                pass
    known: dict[str, Facts] = await facts(hosts)
    match kind.partition("-")[0]:
        case "rollback":
            return rolling_back(usual["blue_green"], known, KNOWN)
        case "finish":
            return finishing(usual["blue_green"], known, KNOWN)
        case "resume":
            return resuming(usual["blue_green"], known, KNOWN)
        case _:
            return deploying(usual.get(kind, spec(len(hosts))), release(), known, KNOWN)


KINDS = ["first-install", "blue_green", "rolling", "replace", "canary", "nothing", "deploy-again", "deploy-beside-warm"]
KINDS += ["rollback-warm", "rollback-cold", "finish", "resume-forward", "resume-back", "resume-canary"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_plan_says_what_will_happen(kind: str) -> None:
    text = shown(await planned(kind)) + "\n"
    file = GOLDEN / f"{kind}.txt"
    if os.environ.get("COMFYTAVERN_GOLDEN") == "write":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


async def test_the_same_values_give_the_same_plan_and_step_ids_are_stable() -> None:
    one, two = await planned("blue_green"), await planned("blue_green")
    assert one == two
    ids = [(step.host, one.step_id(stage, step)) for stage in one.stages for step in stage.steps]
    assert len(set(ids)) == len(ids)


async def test_a_plan_holds_no_secret() -> None:
    chosen = spec(1, more='[secrets]\nJWT_SECRET = "file:/run/secret"\n')
    known = await facts(machines(1))
    assert "/run/secret" not in repr(deploying(chosen, release(), known, KNOWN))


@pytest.mark.parametrize(("contracted", "level"), [(3, 3), (0, 0)])
async def test_a_database_out_of_range_is_refused(contracted: int, level: int) -> None:
    from fleet import NOW

    from comfytavern.deploy import preflight

    hosts = machines(1)
    hosts["h1"].said["migration"] = {"level": level, "contracted": contracted}
    agreed = preflight.Known(now=NOW, names=frozenset({"JWT_SECRET"}))
    assert [each.code for each in preflight.problems(spec(1), release(), await facts(hosts), agreed)] == ["deploy.schema"]


CASES: list[tuple[str, dict[str, Any]]] = [
    ("deploy.disk", {"disk_free_bytes": 1}),
    ("deploy.python", {"python_tag": "cp313"}),
    ("deploy.arch", {"arch": "aarch64"}),
    ("deploy.no_driver", {"managers": {"pm2": "6.0"}}),
    ("deploy.no_nginx", {"nginx": None}),
    ("deploy.clock", {"clock": "2026-11-24T12:05:00Z"}),
    ("deploy.certificate", {"certificate": {"path": "/c.pem", "expires_at": "2026-11-25T00:00:00Z"}}),
]


@pytest.mark.parametrize(("code", "said"), CASES)
async def test_preflight_names_the_host_and_the_fix(code: str, said: dict[str, Any]) -> None:
    from fleet import NOW

    from comfytavern.deploy import preflight

    hosts = machines(1)
    hosts["h1"].said.update(said)
    chosen = spec(1, more='[tls]\ncertificate = "/c.pem"\nkey = "/k.pem"\n')
    agreed = preflight.Known(now=NOW, names=frozenset({"JWT_SECRET"}))
    (found,) = preflight.problems(chosen, release(), await facts(hosts), agreed)
    assert found.code == code
    assert found.message.startswith("h1: ")
    assert found.params["fix"]


async def test_sqlite_on_several_hosts_and_an_unsigned_release_are_refused() -> None:
    from fleet import NOW

    from comfytavern.deploy import preflight

    agreed = preflight.Known(now=NOW, names=frozenset({"JWT_SECRET"}))
    found = preflight.problems(spec(2, more='signers = "signers"\n'), release(), await facts(machines(2)), agreed)
    assert {each.code for each in found} == {"deploy.sqlite_hosts", "release.unsigned"}
