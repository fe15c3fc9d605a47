"""Asking a slot how it is, over its own socket: nobody is sent there for that."""

from __future__ import annotations

import itertools
import os
import re
import time
from typing import Any

from . import disk, http
from .context import Context, driver_of, load
from .drivers import Driver, driver
from .failures import Failed

PAUSE_S = 0.05
CRASHES_MAX = 3
ASSET = re.compile(rb"""(?:src|href)="/(assets/[^"?#]+)\"""")
SAMPLE = re.compile(r"([A-Za-z_:][\w:]*)(?:\{(.*)\})? ([^ ]+)(?: \d+)?\Z")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
LAG_S = 1.5
"""A log arrives a little after the process that wrote it has ended."""
CAUSE = re.compile(
    r"^(?:[\w.]+(?:Error|Exception|Exit|Interrupt|Failure|Invalid|Unavailable)(?::.*)?|comfytavern: .+|error: .+)$", re.IGNORECASE
)
ENDED = re.compile(r"Main process exited, code=(\w+), status=(\d+)(?:/(\w+))?")
WORDS = {"exited": "exit code", "killed": "signal", "dumped": "signal"}
KILLED = "it was killed by the system, as happens when there is no memory left"
MANAGER = re.compile(r"(?:comfytavern@\w+\.service: |(?:Start|Stopp)(?:ing|ed) |Failed to start )")
"""What systemd itself writes beside the lines of the process."""


def ready(context: Context, slot: str, times: int = 3, deadline_s: float = 60.0) -> dict[str, Any]:
    """Wait until the slot says `times` in a row that it can serve, and return {ready_ms}.

    Failed `deploy.not_ready` when it does not in time, `deploy.crashed` as soon as it has crashed for the third time; both say why.
    """
    path, began = context.paths.socket(slot), time.monotonic()
    manager = driver(driver_of(load(context.paths), slot), context.paths)
    good, said, look_at = 0, "it does not answer", 0.5
    while good < times:
        passed = time.monotonic() - began
        if passed > deadline_s:
            said = _silence(context, slot, manager) if "does not answer" in said else said
            raise Failed("deploy.not_ready", f"{slot} was not ready within {deadline_s:g} s: {said}", HINT, slot=slot)
        try:
            reply = http.get(path, "/ready", timeout_s=min(5.0, max(0.2, deadline_s - passed)))
            good = good + 1 if reply.status == 200 else 0
            said = said if reply.status == 200 else _complaint(reply)
        except (OSError, ValueError):
            good, said = 0, "it does not answer"
        if good == 0 and passed > look_at:
            _look(context, slot, manager)
            look_at = passed + 0.5
        if good < times:
            time.sleep(PAUSE_S if times > 1 or good == 0 else 0)
    set_ready(context, slot)
    return {"ready_ms": round((time.monotonic() - began) * 1000, 1)}


HINT = "Nobody was sent to it. See `comfytavern deploy logs`."


def set_ready(context: Context, slot: str) -> None:
    """Write down that the slot is ready, if it was being started."""
    if load(context.paths)["slots"][slot]["state"] == "starting" and context.fence is not None:
        context.set_slot(slot, "ready")


def _silence(context: Context, slot: str, manager: Driver) -> str:
    """Return why a slot does not answer at all: it takes its time, or it ended."""
    status = manager.status(slot)
    return "it is still starting" if status["pid"] and not status["restarts"] else why(context, slot, manager)


def _look(context: Context, slot: str, manager: Driver) -> None:
    status = manager.status(slot)
    if status["failed"] or status["restarts"] >= CRASHES_MAX:
        said = why(context, slot, manager)
        raise Failed("deploy.crashed", f"{slot} crashed {max(1, status['restarts'])} times: {said}", HINT, slot=slot)


def _complaint(reply: http.Reply) -> str:
    try:
        found = reply.json()
        bad = [f"{name} ({said.rstrip('.')})" for name, said in found.get("checks", {}).items() if said != "ok"]
        return "not ready: " + ", ".join(bad) if bad else str(found.get("status", reply.status))
    except (ValueError, AttributeError):
        return f"/ready answers {reply.status}"


def why(context: Context, slot: str, manager: Driver) -> str:
    """Return why the slot's process ended, by what it wrote since it was started: the slot may have held another release before."""
    since, until = str(load(context.paths)["slots"][slot]["since"] or ""), time.monotonic() + LAG_S
    while True:
        lines = manager.logs(slot, 200, since)
        if time.monotonic() >= until or any(CAUSE.match(line.strip()) for line in lines):
            return cause(lines)
        time.sleep(0.1)


def cause(lines: list[str]) -> str:
    """Return what says best why a process ended: the last exception or failure, else how it ended, else the last line at all."""
    said = [line.strip() for line in lines if line.strip()]
    named = [line for line in said if CAUSE.match(line)]
    if named:
        after = said[len(said) - said[::-1].index(named[-1]) :]
        problems = [line[2:] for line in itertools.takewhile(lambda line: line.startswith("- "), after)]
        return " ".join([named[-1], *problems])[:300]
    for line in reversed(said):
        if found := ENDED.search(line):
            return KILLED if found[1] != "exited" and found[3] == "KILL" else f"it ended with {WORDS.get(found[1], found[1])} {found[2]}"
    own = [line for line in said if not MANAGER.match(line)]
    return (own or ["it says nothing"])[-1][:300]


def smoke(context: Context, slot: str, release: str) -> dict[str, Any]:
    """Try the slot: alive, the right release, an API that answers, a web app whose files are all there. Returns {smoke_ms}."""
    began, path = time.monotonic(), context.paths.socket(slot)
    for target in ("/health", "/version", "/api/setup"):
        try:
            reply = http.get(path, target)
        except OSError as error:
            raise Failed("deploy.smoke", f"{slot} does not answer {target}: {error}.", HINT, slot=slot) from None
        if reply.status != 200:
            raise Failed("deploy.smoke", f"{slot} answers {target} with {reply.status}.", HINT, slot=slot)
        if target == "/version" and reply.json().get("release") != release:
            raise Failed("deploy.wrong_release", f"{slot} runs {reply.json().get('release')}, not {release}.", HINT, slot=slot)
    _web(os.path.join(context.paths.release(release), "web"), release)
    return {"smoke_ms": round((time.monotonic() - began) * 1000, 1)}


def _web(folder: str, release: str) -> None:
    index = disk.read(os.path.join(folder, "index.html"))
    if index is None:
        raise Failed("deploy.smoke", f"{release} has no web/index.html.", "Build it with its web app.")
    missing = [name.decode() for name in ASSET.findall(index) if not os.path.exists(os.path.join(folder, name.decode()))]
    if missing:
        raise Failed("deploy.smoke", f"The page of {release} needs {missing[0]}, which it does not have.", "Build it again.")
    said = disk.read_json(os.path.join(folder, "version.json"))
    if isinstance(said, dict) and said.get("release") not in (None, release):
        raise Failed("deploy.wrong_release", f"The web app is of {said.get('release')}, not of {release}.", "Build it again.")


def metrics(context: Context, slot: str, beside: str = "") -> dict[str, Any]:
    """Return {samples: [[name, labels, value], …]} as the slot counts them; with another slot `beside`, {beside: …} of that one too."""
    found = {"samples": _samples(context, slot)}
    if beside:
        found["beside"] = _samples(context, beside)
    return found


def _samples(context: Context, slot: str) -> list[list[Any]]:
    try:
        reply = http.get(context.paths.socket(slot), "/metrics")
    except OSError as error:
        raise Failed("deploy.no_metrics", f"{slot} does not answer /metrics: {error}.", slot=slot) from None
    if reply.status != 200:
        raise Failed("deploy.no_metrics", f"{slot} answers /metrics with {reply.status}.", slot=slot)
    samples = []
    for row in reply.body.decode().splitlines():
        found = None if row.startswith("#") else SAMPLE.match(row)
        if found:
            samples.append([found[1], dict(LABEL.findall(found[2] or "")), float(found[3])])
    return samples


def still_open(path: str) -> dict[str, int]:
    """Return what the slot still works on: {requests, streams, sockets, runs}; OSError when it does not answer."""
    found = http.get(path, "/ready").json().get("open", {})
    return {name: int(found.get(name, 0)) for name in ("requests", "streams", "sockets", "runs")}
