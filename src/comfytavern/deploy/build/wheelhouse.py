"""Every wheel a host needs, so that it asks no index: taken from the hashed lock, for one Python on one platform."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from comfytavern.deploy.build.archive import sha256
from comfytavern.deploy.errors import DeployFailed, Refused

GLIBC = range(36, 16, -1)
"""Debian 12 has 2.36; manylinux wheels for an older one run on it too."""
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)\s*(?:;\s*(?P<marker>[^\\]*?))?\s*$")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
LOCK = "Lock again: `uv pip compile --universal --generate-hashes`."


class Target(msgspec.Struct, frozen=True):
    """A Python on a platform. The default is what Debian 12 has."""

    tag: str = "cp311"
    platform: str = "linux_x86_64"

    @property
    def version(self) -> str:
        """`3.11` for `cp311`."""
        return f"{self.tag[2]}.{self.tag[3:]}"

    @property
    def machine(self) -> str:
        """`x86_64`, `aarch64`."""
        return self.platform.removeprefix("linux_")

    def platforms(self) -> list[str]:
        """Return the platform tags whose wheels run there, best first."""
        return [*(f"manylinux_2_{minor}_{self.machine}" for minor in GLIBC), f"manylinux2014_{self.machine}", self.platform]

    def wants(self, marker: str) -> bool:
        """Tell whether an environment marker of the lock holds there."""
        from packaging.markers import Marker  # noqa: PLC0415 -- only builders have it

        there = {
            "implementation_name": "cpython",
            "implementation_version": f"{self.version}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.version}.0",
            "python_version": self.version,
            "sys_platform": "linux",
        }
        return Marker(marker).evaluate(there)


class Pin(msgspec.Struct, frozen=True):
    """One line of the lock."""

    name: str
    version: str
    hashes: frozenset[str]

    @property
    def requirement(self) -> str:
        """The line for pip."""
        return " ".join([f"{self.name}=={self.version}", *(f"--hash=sha256:{each}" for each in sorted(self.hashes))])


def target(tag: str, platform: str) -> Target:
    """Return the target with these names. Raises `Refused` (`build.target`) for one that cannot be."""
    if not re.fullmatch(r"cp3\d{1,2}", tag) or not re.fullmatch(r"linux_(x86_64|aarch64)", platform):
        hint = "Use a tag like cp311, and linux_x86_64 or linux_aarch64."
        raise Refused("build.target", f"Nothing can be built for {tag} on {platform}.", hint=hint)
    return Target(tag, platform)


def pins(lock: str, there: Target) -> list[Pin]:
    """Return what the lock pins for a target, in its order. Raises `Refused` (`build.lock`) for a line that is not pinned and hashed."""
    found: list[Pin] = []
    for line in lock.replace("\\\n", " ").splitlines():
        text = line.partition(" #")[0].strip()
        if not text or text.startswith("#"):
            continue
        pin = PIN.match(HASH.sub("", text).strip())
        hashes = frozenset(HASH.findall(text))
        if pin is None or not hashes:
            raise Refused("build.lock", f"The lock does not pin this line to a version and its hashes: {text[:80]}", hint=LOCK)
        if not pin["marker"] or there.wants(pin["marker"].strip()):
            found.append(Pin(pin["name"], pin["version"], hashes))
    return found


def gather(wanted: list[Pin], there: Target, cache: Path) -> dict[str, Path]:
    """Return the wheel of each pin by name; what the cache lacks is downloaded into it first.

    A second call for the same lock asks nobody. Raises `Refused` (`build.wheel`) when a pin has no wheel for the target, and
    `DeployFailed` (`build.index`) when the index cannot be asked.
    """
    shelf = cache / "wheels" / f"{there.tag}-{there.platform}"
    shelf.mkdir(parents=True, exist_ok=True)
    found = _on(shelf, wanted)
    missing = [pin for pin in wanted if pin.name not in found]
    if missing:
        _download(missing, there, shelf)
        found |= _on(shelf, missing)
    if lost := [pin for pin in wanted if pin.name not in found]:
        raise _no_wheel(lost[0], there)
    return found


def _on(shelf: Path, wanted: Iterable[Pin]) -> dict[str, Path]:
    by_name: dict[str, list[Path]] = {}
    for path in sorted(shelf.glob("*.whl")):
        by_name.setdefault(plain(path.name.split("-")[0]), []).append(path)
    return {pin.name: path for pin in wanted for path in by_name.get(plain(pin.name), []) if sha256(path) in pin.hashes}


def plain(name: str) -> str:
    """Return the name of a package as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _download(missing: list[Pin], there: Target, shelf: Path) -> None:
    with tempfile.TemporaryDirectory(dir=shelf) as folder:
        lock = Path(folder) / "lock.txt"
        lock.write_text("".join(pin.requirement + "\n" for pin in missing), encoding="utf-8")
        arguments = ["--only-binary", ":all:", "--no-deps", "--require-hashes", "-r", str(lock), "-d", folder]
        arguments += ["--implementation", "cp", "--python-version", there.version, "--abi", there.tag, "--abi", "abi3", "--abi", "none"]
        arguments += [word for platform in there.platforms() for word in ("--platform", platform)]
        done = subprocess.run(  # noqa: S603 -- an argument vector
            [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", *arguments],
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )
        if done.returncode:
            raise _refusal(done.stderr, missing, there)
        for path in Path(folder).glob("*.whl"):
            shutil.move(path, shelf / path.name)


def _refusal(said: str, missing: list[Pin], there: Target) -> Exception:
    lost = re.search(r"(?:No matching distribution found for|satisfies the requirement) ([\w.-]+)==", said)
    if lost:
        return _no_wheel(next((pin for pin in missing if plain(pin.name) == plain(lost[1])), missing[0]), there)
    reason = next((line for line in reversed(said.splitlines()) if line.startswith("ERROR")), said[-300:] or "pip gave no reason")
    return DeployFailed(
        "build.index", f"The wheels cannot be downloaded: {reason.removeprefix('ERROR: ')}", hint="Look at the network and pip's settings."
    )


def _no_wheel(pin: Pin, there: Target) -> Refused:
    sentence = f"{pin.name} {pin.version} has no wheel for {there.tag} on {there.platform}."
    hint = "Hosts have no compiler: pin a version that has a wheel, or build one and put it where pip finds it (PIP_FIND_LINKS)."
    return Refused("build.wheel", sentence, hint=hint, package=pin.name, version=pin.version)
