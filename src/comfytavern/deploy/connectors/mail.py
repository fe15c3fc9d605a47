"""Mail by SMTP: STARTTLS on 587, TLS from the start on 465, with or without a login."""

import asyncio
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from comfytavern.deploy.connectors.notice import Notice
from comfytavern.deploy.connectors.place import NotSent
from comfytavern.kernel.secret import Secret

PORTS: Final = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
"""Schemes: STARTTLS (and nothing without it), TLS from the start, no TLS (to a relay on the same machine)."""
PAUSE_S: Final = 2.0
TEMPORARY: Final = range(400, 500)
HINT: Final = "Look at the address of the mail server: smtp://USER:PASSWORD@mail.example.org:587."


@dataclass(frozen=True, slots=True)
class Mail:
    """One server, who writes, and to whom."""

    url: Secret
    sender: str
    to: tuple[str, ...]
    name: str = "mail"

    async def send(self, notice: Notice, deadline_s: float) -> None:
        """Send one mail to all; what the server puts off is tried again until the deadline."""
        try:
            message = self._message(notice)
        except ValueError:
            sentence = "The sender or a recipient is not the address of a mailbox."
            raise NotSent("notify.mailbox", sentence, hint="Write them as tavern@example.org.") from None
        await asyncio.to_thread(self._until, message, time.monotonic() + deadline_s)

    def _message(self, notice: Notice) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = notice.title
        message["From"] = self.sender
        message["To"] = ", ".join(self.to)
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(notice.id, domain="comfytavern.invalid")
        message["Auto-Submitted"] = "auto-generated"  # asks holiday answers to stay away (RFC 3834)
        message.set_content(f"{notice.sentence}\n")
        return message

    def _until(self, message: EmailMessage, end: float) -> None:
        while True:
            try:
                self._deliver(message, max(1.0, end - time.monotonic()))
            except smtplib.SMTPAuthenticationError:
                raise NotSent("notify.login", "The mail server does not know the user or the password.", hint=HINT) from None
            except (OSError, smtplib.SMTPException) as error:
                if not _passing(error):
                    raise NotSent("notify.mail", f"The mail server does not take it: {_reason(error)}.", hint=HINT) from None
                if time.monotonic() + PAUSE_S >= end:
                    raise NotSent("notify.mail", f"The mail server did not take it in time: {_reason(error)}.", hint=HINT) from None
                time.sleep(PAUSE_S)
            else:
                return

    def _deliver(self, message: EmailMessage, timeout_s: float) -> None:
        place = _place(self.url)
        context = ssl.create_default_context()
        host, port, name = place.hostname or "", place.port or PORTS[place.scheme], socket.gethostname()
        if place.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, local_hostname=name, timeout=timeout_s, context=context)
        else:
            server = smtplib.SMTP(host, port, local_hostname=name, timeout=timeout_s)
        with server:
            if place.scheme == "smtp":
                server.starttls(context=context)
            if place.username:
                server.login(unquote(place.username), unquote(place.password or ""))
            server.send_message(message)


def _place(url: Secret) -> SplitResult:
    """Return the parts of the address. Raises `NotSent` (`notify.address`), also for a password that would cross a network in the clear."""
    sentence = "The mail server's address is not one like smtp://mail.example.org:587."
    try:
        place = urlsplit(url.reveal())
        port = place.port
    except ValueError:
        raise NotSent("notify.address", sentence, hint=HINT) from None
    if place.scheme not in PORTS or not place.hostname or port == 0:
        raise NotSent("notify.address", sentence, hint=HINT)
    if place.scheme == "smtp+plain" and place.username and place.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise NotSent("notify.plain", "A password would go to the mail server in the clear.", hint="Use smtp:// or smtps://.")
    return place


def _passing(error: Exception) -> bool:
    """Tell whether it may go better in a moment."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return all(code in TEMPORARY for code, _ in error.recipients.values())
        case smtplib.SMTPResponseException():
            return error.smtp_code in TEMPORARY
        case ssl.SSLError() | smtplib.SMTPNotSupportedError():
            return False
        case _:
            return True


def _reason(error: Exception) -> str:
    """Return why, in our words: a server's own words can repeat what it was given."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return "it refuses a recipient"
        case smtplib.SMTPResponseException():
            return f"it answered {error.smtp_code}"
        case smtplib.SMTPNotSupportedError():
            return "it has no STARTTLS, or no login"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({error.verify_message})"
        case ssl.SSLError():
            return "TLS does not come about"
        case OSError() if error.strerror:
            return error.strerror
        case _:
            return type(error).__name__
