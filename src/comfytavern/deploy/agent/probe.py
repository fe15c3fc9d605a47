"""Asking a slot how it is, over its own socket: nobody is sent there for that."""

from __future__ import annotations

import os
import re
import time
from typing import Any

from . import disk, http
from .context import Context, load
from .drivers import driver
from .failures import Failed

PAUSE_S = 0.05
CRASHES_MAX = 3
ASSET = re.compile(rb"""(?:src|href)="/(assets/[^"?#]+)\"""")
SAMPLE = re.compile(r"([A-Za-z_:][\w:]*)(?:\{(.*)\})? ([^ ]+)(?: \d+)?\Z")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
CAUSE = re.compile(
    r"^(?:[\w.]+(?:Error|Exception|Exit|Interrupt|Failure|Invalid|Unavailable)\b.*|comfytavern: .+|error: .+)", re.IGNORECASE
)


def ready(context: Context, slot: str, times: int = 3, deadline_s: float = 60.0) -> dict[str, Any]:
    """Wait until the slot says `times` in a row that it can serve, and return {ready_ms}.

    Failed `deploy.not_ready` when it does not in time, `deploy.crashed` as soon as it has crashed for the third time; both say why.
    """
    path, began = context.paths.socket(slot), time.monotonic()
    manager = driver(load(context.paths)["driver"], context.paths)
    good, said, look_at = 0, "it does not answer", 0.5
    while good < times:
        passed = time.monotonic() - began
        if passed > deadline_s:
            why = cause(manager.logs(slot, 200)) if "does not answer" in said else said
            raise Failed("deploy.not_ready", f"{slot} was not ready within {deadline_s:g} s: {why}", _HINT, slot=slot)
        try:
            reply = http.get(path, "/ready", timeout_s=min(5.0, max(0.2, deadline_s - passed)))
            good = good + 1 if reply.status == 200 else 0
            said = said if reply.status == 200 else _complaint(reply)
        except (OSError, ValueError):
            good, said = 0, "it does not answer"
        if good == 0 and passed > look_at:
            _look(manager.status(slot), slot, manager)
            look_at = passed + 0.5
        if good < times:
            time.sleep(PAUSE_S if times > 1 or good == 0 else 0)
    set_ready(context, slot)
    return {"ready_ms": round((time.monotonic() - began) * 1000, 1)}


_HINT = "The old release still serves. See `comfytavern deploy logs`."


def set_ready(context: Context, slot: str) -> None:
    """Write down that the slot is ready, if it was being started."""
    if load(context.paths)["slots"][slot]["state"] == "starting" and context.fence is not None:
        context.set_slot(slot, "ready")


def _look(status: dict[str, Any], slot: str, manager: Any) -> None:
    if status["failed"] or status["restarts"] >= CRASHES_MAX:
        why = cause(manager.logs(slot, 200))
        raise Failed("deploy.crashed", f"{slot} crashed {max(1, status['restarts'])} times: {why}", _HINT, slot=slot)


def _complaint(reply: http.Reply) -> str:
    try:
        found = reply.json()
        bad = [f"{name} ({said})" for name, said in found.get("checks", {}).items() if said != "ok"]
        return "not ready: " + ", ".join(bad) if bad else str(found.get("status", reply.status))
    except (ValueError, AttributeError):
        return f"/ready answers {reply.status}"


def cause(lines: list[str]) -> str:
    """Return the line of a log that says best why a process ended: the last exception or failure, else the last line at all."""
    said = [line.strip() for line in lines if line.strip()]
    named = [line for line in said if CAUSE.match(line)]
    return (named or said or ["it says nothing"])[-1][:300]


def smoke(context: Context, slot: str, release: str) -> dict[str, Any]:
    """Try the slot: alive, the right release, an API that answers, a web app whose files are all there. Returns {smoke_ms}."""
    began, path = time.monotonic(), context.paths.socket(slot)
    for target in ("/health", "/version", "/api/setup"):
        try:
            reply = http.get(path, target)
        except OSError as error:
            raise Failed("deploy.smoke", f"{slot} does not answer {target}: {error}.", _HINT, slot=slot) from None
        if reply.status != 200:
            raise Failed("deploy.smoke", f"{slot} answers {target} with {reply.status}.", _HINT, slot=slot)
        if target == "/version" and reply.json().get("release") != release:
            raise Failed("deploy.wrong_release", f"{slot} runs {reply.json().get('release')}, not {release}.", _HINT, slot=slot)
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
