"""What is inside, for whoever has to answer for it: a CycloneDX 1.6 bill of materials of Python and npm packages."""

import base64
import email
import uuid
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime
from email.message import Message
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

from comfytavern.deploy.build.archive import sha256
from comfytavern.deploy.build.wheelhouse import plain
from comfytavern.deploy.errors import Refused

NAMESPACE = uuid.UUID("b9f3f1c2-9f5e-5a52-8d7e-3c0f6a0d4b11")
"""Serial numbers are drawn from the release's name, so that building it again gives the same."""
LIBRARY = {
    "cyclonedx.contrib.license.factories": ("LicenseFactory",),
    "cyclonedx.model": ("HashAlgorithm", "HashType"),
    "cyclonedx.model.bom": ("Bom", "BomMetaData"),
    "cyclonedx.model.component": ("Component", "ComponentType"),
    "cyclonedx.output.json": ("JsonV1Dot6",),
    "packageurl": ("PackageURL",),
}
CLASSIFIER = "License :: OSI Approved :: "


def bill(release: str, version: str, *, seconds: int, wheels: Iterable[Path], npm_lock: Path | None) -> bytes:
    """Return the bill of a release: every wheel with hash and licence, every npm package the web app is made of, if there is one.

    Same input, same bytes. Raises `Refused` (`deploy.extra`) when cyclonedx-python-lib is not installed.
    """
    cdx = _library()
    subject = _application(cdx, version)
    parts = [*(_python(cdx, wheel) for wheel in sorted(wheels)), *(_npm(cdx, npm_lock) if npm_lock else [])]
    bom = cdx.Bom(
        serial_number=uuid.uuid5(NAMESPACE, release),
        metadata=cdx.BomMetaData(component=subject, timestamp=datetime.fromtimestamp(seconds, UTC)),
        components=parts,
    )
    bom.register_dependency(subject, parts)
    document = msgspec.json.decode(cdx.JsonV1Dot6(bom).output_as_string())
    document["metadata"].pop("tools", None)
    return msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=1) + b"\n"


def python_licences(said: Message) -> list[str]:
    """Return what a wheel's metadata says of its licence: the expression, else the classifiers, else the free text if it is short."""
    if expression := said["License-Expression"]:
        return [expression]
    classified = [text.removeprefix(CLASSIFIER) for text in said.get_all("Classifier", []) if text.startswith(CLASSIFIER)]
    free = (said["License"] or "").strip()
    return classified or ([free] if free and "\n" not in free and len(free) <= 100 else [])


def npm_packages(lock: bytes) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the entries of a package-lock.json that the web app is made of, by name and version; those of its tools are left out."""
    packages: dict[str, dict[str, Any]] = msgspec.json.decode(lock)["packages"]
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for path, entry in packages.items():
        if path and "version" in entry and not entry.get("dev") and not entry.get("link"):
            found[entry.get("name") or path.rpartition("node_modules/")[2], entry["version"]] = entry
    return dict(sorted(found.items()))


def _python(cdx: Any, wheel: Path) -> Any:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA") and name.count("/") == 1)
        said = email.message_from_string(archive.read(name).decode())
    hashes = [cdx.HashType(alg=cdx.HashAlgorithm.SHA_256, content=sha256(wheel))]
    licences = _licences(cdx, python_licences(said))
    return _library_component(
        cdx, "pypi", plain(said["Name"]), said["Version"], hashes=hashes, licenses=licences, description=said["Summary"]
    )


def _npm(cdx: Any, lock: Path) -> list[Any]:
    parts: list[Any] = []
    for (name, version), entry in npm_packages(lock.read_bytes()).items():
        algorithm, _, digest = str(entry.get("integrity", "")).partition("-")
        content = base64.b64decode(digest).hex() if algorithm == "sha512" else ""
        hashes = [cdx.HashType(alg=cdx.HashAlgorithm.SHA_512, content=content)] if content else []
        licence = entry.get("license")
        licences = _licences(cdx, [licence] if isinstance(licence, str) else [])
        parts.append(_library_component(cdx, "npm", name, version, hashes=hashes, licenses=licences))
    return parts


def _library_component(cdx: Any, kind: str, name: str, version: str, **more: Any) -> Any:
    scope, _, short = name.rpartition("/")
    purl = cdx.PackageURL(kind, scope or None, short, version)
    return cdx.Component(
        type=cdx.ComponentType.LIBRARY, group=scope or None, name=short, version=version, bom_ref=purl.to_string(), purl=purl, **more
    )


def _application(cdx: Any, version: str) -> Any:
    reference = f"comfytavern@{version}"
    licences = _licences(cdx, ["Apache-2.0"])
    return cdx.Component(type=cdx.ComponentType.APPLICATION, name="comfytavern", version=version, bom_ref=reference, licenses=licences)


def _licences(cdx: Any, texts: list[str]) -> list[Any]:
    make = cdx.LicenseFactory()
    if len(texts) == 1:
        return [make.make_from_string(texts[0])]
    return [make.make_with_name(text) for text in texts]


def _library() -> Any:
    """Return what is used of cyclonedx-python-lib, which only builders have; its constructors are invisible to a type checker."""
    try:
        return SimpleNamespace(**{name: getattr(import_module(module), name) for module, names in LIBRARY.items() for name in names})
    except ImportError as error:
        hint = "pip install 'comfytavern[deploy]'"
        raise Refused("deploy.extra", "The bill of materials needs the package cyclonedx-python-lib.", hint=hint) from error
