"""`execute`: what supervisord and PM2 start. It becomes the slot's release: environment from root's files, the socket, the user.

So no secret stands in a process manager's configuration, command line or dump, and the app gets exactly what systemd would give it:
LISTEN_FDS and an unprivileged user. The socket is bound beside its place and renamed over it: nobody finds it missing.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from . import disk, environment, process
from .drivers import pidfile
from .failures import Failed

if TYPE_CHECKING:
    from .context import Context

FIRST_PASSED = 3
BACKLOG = 2048


def execute(context: Context, slot: str) -> dict[str, Any]:
    """Become the slot's release; never returns, unless there is none."""
    paths = context.paths
    release = os.path.realpath(paths.slot(slot))
    program = os.path.join(release, ".venv", "bin", "comfytavern")
    if not os.path.exists(program):
        raise Failed("deploy.no_release", f"{slot} holds no release that can be started.", "Deploy one.")
    os.makedirs(paths.run, exist_ok=True)
    user = environment.account(environment.user_of(paths))
    _socket(paths.socket(slot), user)
    variables = {**process.ENVIRONMENT, **environment.of_slot(paths, slot)}
    variables.update({"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid()), "HOME": paths.data, "PYTHONUNBUFFERED": "1"})
    disk.write(pidfile.file_of(paths, slot), b"%d\n" % os.getpid(), 0o644)
    with open(os.path.join(paths.run, slot + ".starts"), "ab") as starts:
        starts.write(b".")
    if os.geteuid() == 0 and user is not None:
        os.initgroups(user.pw_name, user.pw_gid)
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    os.umask(0o027)
    os.chdir(paths.data)
    os.execve(program, [program, "serve"], variables)  # noqa: S606 -- no shell is the point


def _socket(path: str, user: Any) -> None:
    """Let file 3 be the slot's listening socket: the one supervisord holds (its file 0), or one of our own."""
    try:
        with socket.socket(fileno=os.dup(0)) as inherited:
            ours = inherited.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
    except OSError:
        ours = False
    if ours:
        os.dup2(0, FIRST_PASSED)
        nowhere = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nowhere, 0)
        return
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    beside = f"{path}.{os.getpid()}"
    listener.bind(beside)
    if os.geteuid() == 0 and user is not None:
        os.chown(beside, user.pw_uid, web_group(user.pw_gid))
    os.chmod(beside, 0o660)
    listener.listen(BACKLOG)
    os.rename(beside, path)
    if listener.fileno() != FIRST_PASSED:
        os.dup2(listener.fileno(), FIRST_PASSED)
    os.set_inheritable(FIRST_PASSED, True)


def web_group(otherwise: int) -> int:
    """Return the group nginx runs in."""
    import grp

    for name in ("www-data", "nginx"):
        try:
            return grp.getgrnam(name).gr_gid
        except KeyError:
            continue
    return otherwise
