"""The two engines that build and run images: podman with buildah, and a real dockerd. Each has its own storage and goes away without a trace.

Both get the base images of `bases.py`. dockerd lives in a network of its own, so that `-p 5573:80` means what it means elsewhere and meets
nobody; its containers are reached from there. Containers of podman use the network of the box, so they are given ports that are free.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Final, Self

from tests.lab import base, bases, ground

FOLDER: Final = base.FOLDER / "engines"
FILES: Final = "nofile=20000:20000"
CLIENT: Final = "/usr/bin/docker"
DAEMON: Final = "/usr/sbin/dockerd"


class Engine(ABC):
    """An engine with storage of its own."""

    name: str
    needs: tuple[str, ...]

    def __init__(self) -> None:
        """Prepare."""
        self.folder = FOLDER / f"{self.name}-{os.getpid()}"
        self.environment = dict(os.environ)

    def __enter__(self) -> Self:
        remove_leftovers()
        self.folder.mkdir(parents=True)
        try:
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        subprocess.run(["umount", "--recursive", "--lazy", "--quiet", str(self.folder / "graph")], capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def bring(self, *images: tuple[str, Path]) -> None:
        """Import base images; those that are there stay."""
        for name, tar in images:
            if not self.do("images", "-q", name).strip():
                self.do("import", *self._changes(name), str(tar), name, timeout_s=300)

    @staticmethod
    def _changes(name: str) -> list[str]:
        """Return what a tar file cannot say of an image."""
        if not name.startswith("postgres:"):
            return []
        lines = ('ENTRYPOINT ["docker-entrypoint.sh"]', "ENV PGDATA=/var/lib/postgresql/data", 'CMD ["postgres"]')
        return [word for line in lines for word in ("--change", line)]

    def do(self, *words: str, timeout_s: float = 120) -> str:
        """Run a command of the engine's client; return what it printed. Raises `ground.LabError`."""
        return self.run([*self._client(), *words], timeout_s=timeout_s)

    def run(self, command: list[str], *, cwd: Path | None = None, timeout_s: float = 120, **environment: str) -> str:
        """Run any command in the engine's environment and network."""
        words = [*self.network(), *command]
        given = self.environment | environment
        # In a folder of our own: conmon leaves a file where it is started.
        done = subprocess.run(words, cwd=cwd or self.folder, env=given, capture_output=True, text=True, timeout=timeout_s)
        if done.returncode:
            raise ground.LabError(f"{' '.join(command)}: {done.returncode}\n{(done.stdout + done.stderr)[-4000:]}")
        return done.stdout + done.stderr

    def inspect(self, what: str) -> dict[str, Any]:
        """Return what the engine knows of an image or a container."""
        done = subprocess.run(
            [*self._client(), "inspect", what], env=self.environment, capture_output=True, text=True, timeout=60, check=True
        )
        return json.loads(done.stdout)[0]

    def layers(self, image: str) -> list[str]:
        """Return the digests of an image's layers, undermost first."""
        return self.inspect(image)["RootFS"]["Layers"]

    def save(self, image: str, target: Path) -> None:
        """Write an image with all of its layers into a tar file."""
        self.do("save", "-o", str(target), image, timeout_s=300)

    def network(self) -> list[str]:
        """Return the words before a command that is to reach the containers."""
        return []

    @abstractmethod
    def build(self, file: str, tag: str, root: Path, *options: str) -> None:
        """Build a Dockerfile of the folder `root`, without a network."""

    @abstractmethod
    def start(self, image: str, *options: str, command: tuple[str, ...] = ()) -> str:
        """Start a container and return its id."""

    @abstractmethod
    def _client(self) -> list[str]: ...

    @abstractmethod
    def _begin(self) -> None: ...

    @abstractmethod
    def _end(self) -> None: ...


class Podman(Engine):
    """podman and buildah on overlay storage, containers by runc on the network of the box."""

    name = "podman"
    needs = ("podman", "buildah", "runc")

    def _client(self) -> list[str]:
        return ["podman", "--runtime", "runc"]

    def _begin(self) -> None:
        storage, settings = self.folder / "storage.conf", self.folder / "containers.conf"
        storage.write_text(f'[storage]\ndriver = "overlay"\ngraphroot = "{self.folder}/graph"\nrunroot = "{self.folder}/run"\n')
        settings.write_text(
            '[containers]\ncgroups = "enabled"\ndefault_ulimits = ["nofile=20000:20000", "nproc=8192:8192"]\n'
            f'[engine]\ncgroup_manager = "cgroupfs"\nruntime = "runc"\ntmp_dir = "{self.folder}/tmp"\n'
        )
        self.environment |= {"CONTAINERS_STORAGE_CONF": str(storage), "CONTAINERS_CONF": str(settings)}

    def build(self, file: str, tag: str, root: Path, *options: str) -> None:
        words = ["buildah", "bud", "--isolation", "chroot", "--format", "docker", "--pull-never", "--layers", *options]
        self.run([*words, "-f", file, "-t", tag, "."], cwd=root, timeout_s=900)

    def start(self, image: str, *options: str, command: tuple[str, ...] = ()) -> str:
        network = () if "--network" in options else ("--network", "host")
        words = ["run", "-d", "--cgroups=enabled", *network, *options, image, *command]
        return self.do(*words).split()[-1]

    def _end(self) -> None:
        with contextlib.suppress(ground.LabError, subprocess.SubprocessError):
            self.do("rm", "--all", "--force", "--time", "2")
        with contextlib.suppress(ground.LabError, subprocess.SubprocessError):
            self.do("volume", "prune", "--force")


class Docker(Engine):
    """A dockerd of our own, on its own socket, storage and network, ended by its process id."""

    name = "docker"
    needs = (CLIENT, DAEMON)

    def __init__(self) -> None:
        """Prepare."""
        super().__init__()
        self.place = f"ctd{os.getpid()}"
        self.socket = Path(f"/run/{self.place}.sock")
        self._daemon: subprocess.Popen[bytes] | None = None
        self.environment |= {"DOCKER_HOST": f"unix://{self.socket}", "DOCKER_BUILDKIT": "0", "DOCKER_CONFIG": str(self.folder / "client")}

    def network(self) -> list[str]:
        return ["nsenter", f"--net={ground.NAMES / self.place}"]

    def _client(self) -> list[str]:
        return [CLIENT]

    def _begin(self) -> None:
        ground.do("ip", "netns", "add", self.place)
        ground.do("ip", "-n", self.place, "link", "set", "lo", "up")
        words = [DAEMON, "--host", f"unix://{self.socket}", "--data-root", str(self.folder / "graph"), "--exec-root", f"/run/{self.place}"]
        words += ["--pidfile", str(self.folder / "pid"), "--iptables=false", "--ip6tables=false", "--ip-masq=false"]
        words += ["--storage-driver", "overlay2", "--default-ulimit", FILES]
        with (self.folder / "log").open("wb") as log:
            self._daemon = subprocess.Popen([*self.network(), *words], stdout=log, stderr=log, start_new_session=True)
        until = time.monotonic() + 30
        while subprocess.run([CLIENT, "version"], env=self.environment, capture_output=True).returncode:
            if time.monotonic() > until or self._daemon.poll() is not None:
                raise ground.LabError(f"dockerd does not start:\n{(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.1)

    def build(self, file: str, tag: str, root: Path, *options: str) -> None:
        self.run([CLIENT, "build", "--network", "none", *options, "-t", tag, "-f", file, "."], cwd=root, timeout_s=900)

    def start(self, image: str, *options: str, command: tuple[str, ...] = ()) -> str:
        return self.do("run", "-d", *options, image, *command).split()[-1]

    def compose(self, *words: str, root: Path, timeout_s: float = 600, **environment: str) -> str:
        """Run docker-compose; the project has the engine's name."""
        return self.run(["docker-compose", "-p", self.place, *words], cwd=root, timeout_s=timeout_s, **environment)

    def _end(self) -> None:
        with contextlib.suppress(ground.LabError, subprocess.SubprocessError):
            if running := self.do("ps", "-aq").split():
                self.do("rm", "--force", *running)
        if self._daemon is not None:
            self._daemon.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._daemon.wait(30)
        ground.attempt("ip", "netns", "del", self.place)
        shutil.rmtree(f"/run/{self.place}", ignore_errors=True)
        self.socket.unlink(missing_ok=True)


def remove_leftovers() -> None:
    """End the daemons, and remove the storage, of tests that were killed: folders are named after the process that made them."""
    for folder in FOLDER.iterdir() if FOLDER.is_dir() else ():
        owner = folder.name.rpartition("-")[2]
        if not owner.isdigit() or Path(f"/proc/{owner}").exists():
            continue
        pid = (folder / "pid").read_text().strip() if (folder / "pid").exists() else ""
        if pid and str(folder) in _command(pid):
            os.kill(int(pid), signal.SIGTERM)
            until = time.monotonic() + 30
            while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
                time.sleep(0.1)
        ground.attempt("ip", "netns", "del", f"ctd{owner}")
        ground.attempt("umount", "--recursive", "--lazy", "--quiet", str(folder / "graph"))
        shutil.rmtree(folder, ignore_errors=True)


def _command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def skip_reason(engine: type[Engine]) -> str | None:
    """Return why an engine cannot be had on this box."""
    return bases.why_not(*engine.needs)
