"""Logical addresses: what may be one, and where it leads. Nothing here touches a disk."""

import unicodedata
from dataclasses import dataclass
from typing import Final

from comfytavern.kernel.errors import Invalid

Key = tuple[str, ...]
"""A place on a disk port: the names from its root downwards."""

TRASH: Final = ".trash"
PART: Final = ".part-"
"""How the names of files begin that are still being written."""

URI_MAX = 1024
NAME_BYTES_MAX = 240
DEPTH_MAX = 32
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))})
_SPOOFING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Place:
    """A checked address."""

    scheme: str
    """user, shared or project."""
    project: str
    """The project's id, for project://."""
    parts: Key

    @property
    def uri(self) -> str:
        """The address in its one spelling."""
        return f"{self.scheme}://" + "/".join((self.project, *self.parts) if self.scheme == "project" else self.parts)

    @property
    def name(self) -> str:
        """The last name, empty for the top folder."""
        return self.parts[-1] if self.parts else ""

    def area(self, owner: str) -> Key:
        """Return the folder on the disk that this address can never leave."""
        match self.scheme:
            case "user":
                return "users", owner
            case "project":
                return "projects", self.project
            case _:
                return ("shared",)

    def key(self, owner: str) -> Key:
        """Return where it lies on the disk, for this owner."""
        return (*self.area(owner), *self.parts)

    def child(self, name: str) -> "Place":
        """Return the address of a file or folder inside it."""
        return Place(self.scheme, self.project, (*self.parts, name))


def parse(uri: str) -> Place:
    """Return the place an address means. Names are brought into Unicode form NFC; a final `/` is left out.

    Raises `Invalid`: `file.scheme` (no such area), `file.path` (it would leave the area, is absolute, has an empty or
    hidden part, control or direction characters), `file.name` (a name some systems reserve), `file.long`.
    """
    if len(uri) > URI_MAX:
        raise Invalid("file.long", f"The address has {len(uri)} characters; {URI_MAX} are allowed.", length=len(uri))
    scheme, mark, rest = uri.partition("://")
    if not mark or scheme not in ("user", "shared", "project"):
        raise Invalid("file.scheme", "A file's address begins with user://, shared:// or project://.", uri=uri)
    parts = rest.removesuffix("/").split("/") if rest else []
    if scheme == "project":
        if not parts or not parts[0].replace("_", "").isalnum() or not parts[0].isascii():
            raise Invalid("file.path", "The address names no project.", hint="Write project://<id>/<path>.", uri=uri)
        return Place(scheme, parts[0], checked(parts[1:], uri))
    return Place(scheme, "", checked(parts, uri))


def checked(parts: list[str], uri: str) -> Key:
    """Return the names, all of them harmless, in form NFC."""
    if len(parts) > DEPTH_MAX:
        raise Invalid("file.long", f"The address is {len(parts)} folders deep; {DEPTH_MAX} are allowed.", uri=uri)
    names = tuple(unicodedata.normalize("NFC", part) for part in parts)
    for at, name in enumerate(names):
        _check(name, uri)
        if at == 0 and name.casefold() == TRASH:
            raise Invalid("file.name", f"{name} is a name of ours.", hint="Choose another name.", uri=uri, name=name)
    return names


def _check(name: str, uri: str) -> None:
    if name in ("", ".", ".."):
        raise Invalid("file.path", f"A file's address has no part called {name!r}: it would lead out of its folder.", uri=uri)
    if "\\" in name or any(unicodedata.category(char) in ("Cc", "Cs") or char in _SPOOFING for char in name):
        raise Invalid(
            "file.path", "A file's name holds a character that names may not hold.", hint="Use letters, digits and spaces.", uri=uri
        )
    if len(name.encode()) > NAME_BYTES_MAX:
        raise Invalid("file.long", f"A file's name has more than {NAME_BYTES_MAX} bytes.", uri=uri)
    stem = name.partition(".")[0].strip().casefold()
    if stem in _RESERVED or name.casefold().startswith(PART) or name[-1] in ". " or name[0] == " ":
        raise Invalid("file.name", f"{name!r} cannot be a name on every system.", hint="Choose another name.", uri=uri, name=name)
