"""Where everything is on a host."""

from __future__ import annotations

import os

from .failures import Failed

SLOTS = ("blue", "green")
BUCKETS = tuple(f"{int(n):02}" for n in range(100))
LONGEST, HASH = 64, 64
HEXADECIMAL = frozenset("0123456789abcdef")


class Paths:
    """The folders of one installation. `under` moves the system's own folders too: for tests and for building images."""

    def __init__(self, root: str, under: str = "") -> None:
        """Take the installation's `root` (normally /srv/comfytavern)."""
        self.root = os.path.abspath(root)
        self.under = under.rstrip("/")
        join = os.path.join
        self.blobs = join(self.root, "blobs")
        self.incoming = join(self.root, "incoming")
        self.releases = join(self.root, "releases")
        self.current = join(self.root, "current")
        self.tools = join(self.root, "tools")
        self.data = join(self.root, "shared", "data")
        self.assets = join(self.root, "shared", "assets")
        self.backups = join(self.root, "backups")
        self.logs = join(self.root, "shared", "logs")
        self.state = join(self.root, "state")
        self.steps = join(self.state, "steps")
        self.making = join(self.state, "making.lock")
        """Held while a release is staged or installed."""
        self.run = self.system("/run/comfytavern")
        self.etc = self.system("/etc/comfytavern")
        self.env = join(self.etc, "env")

    def system(self, path: str) -> str:
        """Return the system's `path` as seen from here."""
        return self.under + path

    def release(self, release: str) -> str:
        """Return the folder of an installed `release`; Failed `deploy.bad_release` for what is no release id."""
        if len(str(release)) > LONGEST or not plain(str(release), ".+-") or release.endswith(".part"):
            raise Failed("deploy.bad_release", f"{release!r} is not the id of a release.", "Letters, digits, dot, plus, minus.")
        return os.path.join(self.releases, release)

    def part(self, release: str) -> str:
        """Return the folder in which `release` is assembled."""
        return self.release(release) + ".part"

    def blob(self, sha256: str) -> str:
        """Return the file that holds the content `sha256`."""
        if len(str(sha256)) != HASH or not HEXADECIMAL.issuperset(str(sha256)):
            raise Failed("deploy.bad_digest", f"{sha256!r} is not a SHA-256.")
        return os.path.join(self.blobs, sha256[:2], sha256)

    def slot(self, slot: str) -> str:
        """Return the link of `slot`."""
        if slot not in SLOTS:
            raise Failed("deploy.bad_slot", f"There is no slot {slot!r}.", "Slots are blue and green.")
        return os.path.join(self.root, "slots", slot)

    def socket(self, slot: str) -> str:
        """Return the unix socket on which `slot` serves."""
        self.slot(slot)
        return os.path.join(self.run, slot + ".sock")


def plain(text: str, more: str) -> bool:
    """Tell whether `text` has ASCII letters, digits and `more` alone, and one of the former first. Compiling a pattern takes longer."""
    return text.isascii() and text[:1].isalnum() and all(each.isalnum() or each in more for each in text)


def other(slot: str) -> str:
    """Return the slot that is not `slot`."""
    return "green" if slot == "blue" else "blue"
