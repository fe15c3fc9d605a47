"""What podman and docker have in common: each slot is one container, comfytavern-blue or -green, of the image of its release.

The app listens on a unix socket in a folder that belongs to the slot, <slot>.d, which the container sees as /run/comfytavern; blue.sock
is a link into it, so nginx and the switch do not know of containers. Data lie at the same path inside and outside. Secrets are files in
/run/secrets, on the host in memory only: an environment would be shown by `inspect`. The container that has ended stays until the slot
is started again, because its log would go with it.

Restarted after a crash, but not when the engine or the host starts: then `boot` knows better which slots are to run.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import time
from typing import TYPE_CHECKING, Any

from .. import disk, environment, image, process
from ..failures import Failed
from ..launch import web_group
from . import Driver, pidfile

if TYPE_CHECKING:
    from ..paths import Paths

INSIDE = "/run/comfytavern"
SOCKET = "app.sock"
STAMPED = re.compile(r"(\S+) ?(.*)\Z", re.DOTALL)
AGO = re.compile(r"-?(\d+(?:s|min|m|h|d))\Z")
TRIES = 4
KILLED = 128
"""An exit code above it tells the signal that ended the process."""


class Containers(Driver):
    """The containers comfytavern-blue and comfytavern-green of one engine."""

    engine = ""
    own: tuple[str, ...] = ()
    """Words for `run` that only this engine knows."""

    def start(self, slot: str) -> None:
        """Run the slot's release in a new container; nothing happens when it runs."""
        if self._state(slot).get("Running"):
            return
        paths, release = self.paths, os.path.basename(os.path.realpath(self.paths.slot(slot)))
        tag = image.ensure(paths, self.engine, release)
        self._call("rm", "-f", "-v", _name(slot))
        user = environment.account(environment.user_of(paths))
        uid, gid = (user.pw_uid, user.pw_gid) if user else (os.geteuid(), os.getegid())
        _folders(paths, slot, uid, gid)
        argv = [self.engine, "run", "--detach", "--name", _name(slot), "--user", f"{int(uid)}:{int(gid)}"]
        argv += [*_fixed(paths, slot), *limits(image.options(paths)), *self._log(image.options(paths)), *self.own]
        argv += ["--entrypoint", "comfytavern", tag, "serve", "--uds", f"{INSIDE}/{SOCKET}"]
        process.must(argv, "deploy.start_failed", f"{self.engine} does not start {slot}", "See `comfytavern deploy logs`.")
        self._find(slot)

    def stop(self, slot: str, deadline_s: float) -> None:
        """Stop the container (SIGTERM, after the deadline SIGKILL); it stays for its log, what it was given goes."""
        argv, said = [self.engine, "stop", "-t", str(math.ceil(deadline_s)), _name(slot)], b""
        for _ in range(TRIES):  # What had just crashed may be started again by the engine while it is being stopped.
            state = self._state(slot)
            if not state or (said and not state.get("Running") and not state.get("Restarting")):
                break
            done = process.run(argv, timeout_s=deadline_s + 30)
            said = done.stderr or done.stdout or b"it says nothing"
        else:
            raise Failed("deploy.stop_failed", f"{self.engine} does not stop {slot}: {process.last_line(said)}")
        _clean(self.paths, slot)

    def signal(self, slot: str, name: str) -> None:
        """Send a signal to the process by its number, a tenth of what asking the engine takes."""
        if pidfile.pid_of(self.paths, slot) is None:
            self._find(slot)
        pidfile.send(self.paths, slot, name)

    def status(self, slot: str) -> dict[str, Any]:
        """Ask the engine. A container that ended well by itself is not started again: it has failed."""
        state = self._state(slot)
        running, code = bool(state.get("Running")), int(state.get("ExitCode") or 0)
        return {
            "running": running,
            "pid": int(state.get("Pid") or 0) or None if running else None,
            "restarts": int(state.get("RestartCount") or 0),
            "since": state.get("StartedAt") if running else None,
            "failed": state.get("Status") in {"dead", "created"} or (state.get("Status") == "exited" and not code),
        }

    def logs(self, slot: str, lines: int, since: str = "") -> list[str]:
        """Return what the engine keeps of the container, both streams by their time; at the end how it was killed, if it was."""
        argv = [self.engine, "logs", "--timestamps", "--tail", str(int(lines))]
        done = process.run([*argv, *(["--since", moment(since)] if since else []), _name(slot)])
        if done.returncode != 0:
            return []
        rows = sorted((done.stdout + done.stderr).decode("utf-8", "replace").splitlines(), key=lambda row: row.partition(" ")[0])
        found = [match[2] for row in rows if (match := STAMPED.match(row))][-lines:]
        state = self._state(slot)
        code = int(state.get("ExitCode") or 0)
        if state.get("OOMKilled") or (code > KILLED and not state.get("Running")):
            found.append(f"Main process exited, code=killed, status={code - KILLED}{'/KILL' if code == KILLED + 9 else ''}")
        return found

    def _log(self, options: dict[str, Any]) -> list[str]:
        raise AssertionError(type(self))

    def _state(self, slot: str) -> dict[str, Any]:
        """Return what the engine says of the slot's container; nothing when there is none."""
        done = self._call("inspect", "--type", "container", _name(slot))
        if done.returncode != 0:
            if b"o such container" in done.stderr or b"o such object" in done.stderr:
                return {}
            said = process.last_line(done.stderr)
            raise Failed("deploy.no_manager", f"{self.engine} does not answer: {said}", f"See `{self.engine} info`.")
        found = json.loads(done.stdout)[0]
        return {**found["State"], "RestartCount": found.get("RestartCount")}

    def _find(self, slot: str) -> None:
        """Write down the number of the slot's process, which changes with a crash."""
        pid = int(self._state(slot).get("Pid") or 0)
        if pid:
            disk.write(pidfile.file_of(self.paths, slot), b"%d\n" % pid, 0o644)

    def _call(self, *words: str) -> Any:
        return process.run([self.engine, *words])


def moment(since: str) -> str:
    """Return a time as engines take it: ours as it is, `-1h` as `1h`, `2026-12-01 10:00:00 UTC` and `today` as times."""
    if found := AGO.match(since):
        said = found[1].replace("min", "m")
        return f"{int(said[:-1]) * 24}h" if said.endswith("d") else said
    if since in ("today", "yesterday"):
        return time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() - 86400 * (since == "yesterday")))
    return since.replace(" UTC", "Z").replace(" ", "T")


def _name(slot: str) -> str:
    return "comfytavern-" + slot


def _folder(paths: Paths, slot: str) -> str:
    return os.path.join(paths.run, slot + ".d")


def _secrets(paths: Paths, slot: str) -> str:
    return os.path.join(paths.run, slot + ".secrets")


def _fixed(paths: Paths, slot: str) -> list[str]:
    """Return the words that hold for every container: what it sees, and that it may do nothing else."""
    mounts = [(paths.root, paths.root, ",readonly"), (paths.data, paths.data, ""), (paths.backups, paths.backups, "")]
    mounts += [(_folder(paths, slot), INSIDE, ""), (_secrets(paths, slot), "/run/secrets", ",readonly")]
    argv = [word for source, target, more in mounts for word in ("--mount", f"type=bind,source={source},target={target}{more}")]
    argv += ["--env-file", os.path.join(paths.run, slot + ".env"), "--workdir", paths.data, "--restart", "on-failure", "--pull", "never"]
    argv += ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]  # noqa: S108 -- the container's own
    return [*argv, "--no-healthcheck"]


def limits(options: dict[str, Any]) -> list[str]:
    """Return the words for what a container may use."""
    found = ["--network", str(options["network"]), "--stop-timeout", str(int(options["stop_s"]))]
    found += ["--pids-limit", str(int(options["pids"]))]
    if options["files"]:
        found += ["--ulimit", "nofile={0}:{0}".format(int(options["files"]))]
    if options["memory_mib"]:
        size = f"{int(options['memory_mib'])}m"
        found += ["--memory", size, "--memory-swap", size]
    return found + (["--cpus", str(options["cpus"])] if options["cpus"] else [])


def _folders(paths: Paths, slot: str, uid: int, gid: int) -> None:
    """Make what the container is given: the folder of its socket, its secrets, its settings, each for the app's user alone."""
    _clean(paths, slot)
    folder, secrets = _folder(paths, slot), _secrets(paths, slot)
    os.makedirs(folder, exist_ok=True)
    os.makedirs(secrets)
    if os.geteuid() == 0:
        os.chown(folder, uid, web_group(gid))
        os.chown(secrets, uid, gid)
    os.chmod(folder, 0o2750)  # What is made inside belongs to nginx's group, so that nginx may connect.
    os.chmod(secrets, 0o500)
    found, hidden = environment.of_slot(paths, slot), environment.secrets_of(paths, slot)
    owner = (uid, gid) if os.geteuid() == 0 else None
    for name in hidden & set(found):
        disk.write(os.path.join(secrets, name), found[name].encode(), 0o400, owner)
    shown = {**{name: value for name, value in found.items() if name not in hidden}, "HOME": paths.data, "PYTHONUNBUFFERED": "1"}
    disk.write(
        os.path.join(paths.run, slot + ".env"), "".join(f"{name}={value}\n" for name, value in sorted(shown.items())).encode(), 0o600
    )
    disk.link(paths.socket(slot), os.path.join(slot + ".d", SOCKET))


def _clean(paths: Paths, slot: str) -> None:
    """Take away what the container was given; its folder stays, which is mounted. A link is in the way of others' sockets."""
    disk.remove_tree(_secrets(paths, slot))
    link = [paths.socket(slot)] if os.path.islink(paths.socket(slot)) else []
    for path in (os.path.join(paths.run, slot + ".env"), os.path.join(_folder(paths, slot), SOCKET), *link):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
