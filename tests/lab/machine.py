"""One machine of the lab: systemd as PID 1, a root, a network and a cell of its own, sshd with a key of its own."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.lab import base, ground

PURE_V2: Final = (
    "unshare",
    "-m",
    "--propagation",
    "private",
    "sh",
    "-c",
    'umount -R /sys/fs/cgroup 2>/dev/null; mount -t cgroup2 none /sys/fs/cgroup && exec "$@"',
    "sh",
)
"""systemd wants a pure cgroup v2; the box may have both versions, so it is shown another /sys/fs/cgroup."""
BASES: Final = base.FOLDER / "bases"
"""What `bases.py` makes; an engine's machine sees it as /mnt."""
BOOT_S: Final = 30.0
USER: Final = "olive"
"""Somebody who may do everything by sudo; root's key opens this account too."""


class Machine:
    """A machine, by the name `h1`, at 10.77.0.11."""

    def __init__(
        self, fleet: str, number: int, *, memory_mib: int | None = None, disk_mib: int | None = None, engine: str | None = None
    ) -> None:
        """Prepare; `memory_mib` limits the whole machine, `disk_mib` makes /srv a small disk, `engine` is podman or docker."""
        self.name, self.address = f"h{number}", f"{ground.NET}.{10 + number}"
        self._fleet, self._memory_mib, self._disk_mib, self._engine = fleet, memory_mib, disk_mib, engine
        self._folder = ground.FLEETS / fleet / self.name
        self.root = self._folder / "root"
        """What the machine sees as /."""
        self.cell = ground.CELLS / fleet / self.name
        self.host_key = ""

    # power

    def build(self) -> None:
        """Make its root and its network; it is still off."""
        ground.plug(self._fleet, self.name, self.address)
        for folder in ("upper", "work", "root", "srv", "containers", "docker"):
            (self._folder / folder).mkdir(parents=True)
        below = [*([base.CONTAINERS] if self._engine else []), base.TOOLS, base.SYSTEM]
        layers = f"lowerdir={':'.join(map(str, below))},upperdir={self._folder / 'upper'},workdir={self._folder / 'work'}"
        ground.do("mount", "-t", "overlay", "overlay", "-o", layers, str(self.root))
        if self._disk_mib is not None:
            ground.do("mount", "-t", "tmpfs", "-o", f"size={self._disk_mib}m", "tmpfs", str(self._folder / "srv"))
        (self.root / "etc/hostname").write_text(f"{self.name}\n")
        (self.root / "etc/nginx/sites-enabled/default").unlink(missing_ok=True)
        key = self.root / "etc/ssh/ssh_host_ed25519_key"
        ground.do("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
        self.host_key = " ".join(key.with_suffix(".pub").read_text().split()[:2])
        (self.root / "etc/ssh/sshd_config.d/lab.conf").write_text("MaxStartups 200\nMaxSessions 100\n")
        if self._engine == "podman":
            for unit in ("docker.service", "docker.socket", "containerd.service"):
                (self.root / "etc/systemd/system" / unit).symlink_to("/dev/null")
        self._add_operator()

    def _add_operator(self) -> None:
        ground.do("chroot", str(self.root), "useradd", "--create-home", "--shell", "/bin/bash", USER)
        (self.root / f"etc/sudoers.d/{USER}").write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
        own = self.root / "home" / USER / ".ssh"
        own.mkdir(mode=0o700)
        (own / "authorized_keys").write_text(base.KEY.with_suffix(".pub").read_text())
        ground.do("chroot", str(self.root), "chown", "-R", f"{USER}:{USER}", f"/home/{USER}/.ssh")

    def power_on(self) -> None:
        """Switch it on, without waiting."""
        cell = ground.make_cell(self._fleet, self.name, self._memory_mib)
        disk = [f"--bind={self._folder / 'srv'}:/srv"] if self._disk_mib is not None else []
        command = [
            *cell,
            *PURE_V2,
            "systemd-nspawn",
            "-q",
            "--register=no",
            "--keep-unit",
            "--console=pipe",
            f"--system-call-filter=@keyring{' bpf' if self._engine else ''}",
            "-D",
            str(self.root),
            "--boot",
        ]
        command += [
            f"--hostname={self.name}",
            f"--network-namespace-path={ground.NAMES / f'{self._fleet}-{self.name}'}",
            *disk,
            *self._for_containers(),
        ]
        with (self._folder / "console.log").open("ab") as console:
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT, start_new_session=True)

    def _for_containers(self) -> list[str]:
        """Return what an engine needs: every right that a machine can have, storage that is no overlay, the base images of the lab."""
        if not self._engine:
            return []
        stores = [f"--bind={self._folder / name}:/var/lib/{name}" for name in ("containers", "docker")]
        BASES.mkdir(parents=True, exist_ok=True)
        return ["--capability=all", *stores, f"--bind-ro={BASES}:/mnt"]

    def wait_until_up(self, timeout_s: float = BOOT_S) -> None:
        """Return when it has booted: sshd and nginx run."""
        until = time.monotonic() + timeout_s
        probe = [*ground.in_network(self._fleet, self.name), "bash", "-c", ": < /dev/tcp/127.0.0.1/22"]
        while not ground.attempt(*probe) or not (self.root / "run").exists() or not self._nginx_is_up():
            if time.monotonic() > until:
                raise ground.LabError(f"{self.name} is not up after {timeout_s:.0f} s:\n{self.console()[-3000:]}")
            time.sleep(0.05)

    def _nginx_is_up(self) -> bool:
        try:
            return self.run("systemctl is-active --quiet nginx supervisor ssh && echo up", check=False).strip() == "up"
        except ground.LabError:
            return False

    def start(self) -> None:
        """Switch it on and wait until it is up."""
        self.power_on()
        self.wait_until_up()

    def crash(self) -> None:
        """Cut its power: every process is gone at once, nothing is told, the disk stays as it is."""
        ground.kill_cell(self.cell)

    def cut(self) -> None:
        """Pull its network cable."""
        ground.do("ip", "-n", f"{self._fleet}-sw", "link", "set", self.name, "down")

    def heal(self) -> None:
        """Put the cable back."""
        ground.do("ip", "-n", f"{self._fleet}-sw", "link", "set", self.name, "up")

    def hide(self) -> None:
        """Let it answer the controller no more; the other machines still reach it."""
        ground.do("ip", "-n", f"{self._fleet}-{self.name}", "route", "add", "blackhole", f"{ground.CONTROLLER}/32")

    def unhide(self) -> None:
        """Let it answer the controller again."""
        ground.do("ip", "-n", f"{self._fleet}-{self.name}", "route", "del", "blackhole", f"{ground.CONTROLLER}/32")

    # hands

    def leader(self) -> int:
        """Return the PID, on the box, of the machine's PID 1. Raises `LabError` when it is off."""
        for place in (self.cell / "payload/init.scope", self.cell / "init.scope"):
            if (place / "cgroup.procs").exists() and (found := (place / "cgroup.procs").read_text().split()):
                return int(found[0])
        raise ground.LabError(f"{self.name} is off")

    def run(self, command: Sequence[str] | str, *, check: bool = True, given: bytes | None = None, timeout_s: float = 60) -> str:
        """Run a command on it as root, by the lab's own hand (no SSH: also when the cable is out); return what it printed."""
        inside = ["nsenter", "-t", str(self.leader()), "-m", "-u", "-i", "-n", "-p", "-C", "--", "env", "-i", "-C", "/"]
        inside += ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", *ground.words(command)]
        whole = [*ground.IN_CELL, str(self.cell), *inside]
        if check:
            return ground.do(*whole, given=given, timeout_s=timeout_s)
        done = subprocess.run(whole, check=False, capture_output=True, input=given, timeout=timeout_s)
        return (done.stdout + done.stderr).decode(errors="replace")

    def read(self, path: str) -> str:
        """Return the text of a file on its disk, on or off; empty when there is none."""
        own_disk = self._disk_mib is not None and path.startswith("/srv/")
        place = self._folder / path.lstrip("/") if own_disk else Path(f"{self.root}{path}")
        return place.read_text(encoding="utf-8", errors="replace") if place.is_file() else ""

    def console(self) -> str:
        """Return what it has written to its console since it was built."""
        log = self._folder / "console.log"
        return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
