"""Checks of the certificate, and of the way from http to https."""

import asyncio
import ssl
import time

import httpx

from comfytavern.deploy.checks.finding import Fault, Left, Worry
from comfytavern.deploy.checks.visit import ANSWER_S, Visit

HINT = "Renew it, and put the new files where deploy.toml names them."


async def certificate(visit: Visit) -> str:
    """The certificate is valid for the name, trusted, and not about to expire."""
    subject = visit.subject
    if not subject.secure:
        if subject.host in {"localhost", "127.0.0.1", "::1"}:
            raise Left("There is no certificate: the address is this machine's own.")
        raise Worry("There is no certificate: passwords travel in the clear.", "Set `tls` in deploy.toml.")
    days = await _days_left(visit)
    if days < subject.certificate_days:
        raise Fault(f"The certificate expires in {days:.1f} days.", HINT)
    return f"The certificate is good for {days:.0f} days."


async def redirect(visit: Visit) -> str:
    """Plain http leads to https."""
    subject = visit.subject
    if not subject.secure or subject.port != ssl_port():
        raise Left("Only asked of an https address on port 443.")
    try:
        answer = await visit.client.get(f"http://{subject.host}/", follow_redirects=False)
    except httpx.HTTPError:
        return "Nothing answers on plain http."
    if not answer.headers.get("location", "").startswith("https://"):
        raise Fault(f"Plain http answers {answer.status_code} instead of leading to https.", "Redirect port 80 to https.")
    return "Plain http leads to https."


def ssl_port() -> int:
    """Return the port of https."""
    return 443


async def _days_left(visit: Visit) -> float:
    subject = visit.subject
    try:
        async with asyncio.timeout(ANSWER_S):
            _, writer = await asyncio.open_connection(subject.host, subject.port, ssl=subject.trust(), server_hostname=subject.host)
    except ssl.SSLCertVerificationError as error:
        raise Fault(f"The certificate is not valid: {error.verify_message}.", HINT) from error
    except (OSError, TimeoutError) as error:
        raise Fault(
            f"No TLS connection to port {subject.port}: {error or type(error).__name__}.", "Check nginx's `listen … ssl`."
        ) from error
    try:
        found = writer.get_extra_info("ssl_object").getpeercert()
        return (ssl.cert_time_to_seconds(found["notAfter"]) - time.time()) / 86_400
    finally:
        writer.close()
