"""The certificate of the site, as nginx will see it: whether the pair fits, for which name, until when."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

from . import disk
from .failures import Failed

if TYPE_CHECKING:
    from .context import Context

FITS, MISSING, STRANGE, OTHER_KEY = "fits", "missing", "strange", "other_key"
"""The pair can be used; one of the files is not there; one is no PEM or needs a password; the key belongs to another certificate."""


def certificate(context: Context, path: str, key: str = "", domain: str = "") -> dict[str, Any]:
    """Return what `look` does of the certificate at `path`, which the site may not use yet."""
    found = look(path, key, domain)
    if found is None:
        raise Failed("deploy.bad_call", "No certificate was named.")
    return found


def look(certificate: str, key: str = "", domain: str = "") -> dict[str, Any] | None:
    """Return {path, key, state, what, expires_at, covers} of the files; `what` is the file that is missing or strange. None without one."""
    if not certificate:
        return None
    found: dict[str, Any] = {"path": certificate, "key": key or None, "state": FITS, "what": None, "expires_at": None, "covers": None}
    for path in filter(None, (certificate, key)):
        if not os.path.isfile(path):
            return {**found, "state": MISSING, "what": path}
    found["expires_at"] = _expires_at(certificate)
    if found["expires_at"] is None:
        return {**found, "state": STRANGE, "what": certificate}
    if domain:
        found["covers"] = _covers(certificate, domain)
    return {**found, **_pair(certificate, key)} if key else found


def fingerprint(certificate: str, key: str) -> str | None:
    """Return one hash over both files, by which a later look knows whether nginx has read what is there; None without a certificate."""
    if not certificate:
        return None
    found = hashlib.sha256()
    for path in (certificate, key):
        found.update(hashlib.sha256((disk.read(path) if path else None) or b"").digest())
    return found.hexdigest()


def _pair(certificate: str, key: str) -> dict[str, Any]:
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return {"state": OTHER_KEY, "what": key}
        return {"state": STRANGE, "what": key}
    return {}


def _expires_at(certificate: str) -> str | None:
    """Return when it ends, by the host's openssl: every version of it says this in the same words."""
    import ssl
    import time

    _, _, text = _openssl("-enddate", "-in", certificate).partition("notAfter=")
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ssl.cert_time_to_seconds(text.strip())))
    except ValueError:
        return None


def _covers(certificate: str, domain: str) -> bool:
    return "does match certificate" in _openssl("-checkhost", domain, "-in", certificate)


def _openssl(*words: str) -> str:
    from . import process

    return process.run(["openssl", "x509", "-noout", *words]).stdout.decode("utf-8", "replace")
