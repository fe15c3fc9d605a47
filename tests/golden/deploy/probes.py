"""What must be true of a site's nginx: each probe asks the running one, and fails with a sentence when it is not so."""

import re
import socket
import ssl
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Final

from comfytavern.deploy.render.site import HEADERS
from tests.golden.deploy.front import DOMAIN, LATER_S, RELEASES, Front

Probe = Callable[[Front], None]
YEAR: Final = "public, max-age=31536000, immutable"


def page(front: Front) -> None:
    """The page is asked for anew each time, whatever the browser has."""
    for path in ("/", "/chats/7"):
        answer = front.ask(path, If_Modified_Since=formatdate(time.time() + 60, usegmt=True))
        assert (answer.status, b"<html>" in answer.body) == (200, True), f"{path}: {answer.status}"
        assert answer.headers.get("cache-control") == "no-cache", f"{path}: {answer.headers.get('cache-control')}"
        assert "etag" not in answer.headers


def assets(front: Front) -> None:
    """Hashed files are kept for ever, those of earlier releases are still there, and what never was is not found."""
    for path in ("/assets/app-blue.js", "/assets/app-earlier.js"):
        answer = front.ask(path)
        assert (answer.status, answer.headers.get("cache-control")) == (200, YEAR), path
    answer = front.ask("/assets/app-never.js")
    assert (answer.status, answer.headers.get("cache-control")) == (404, None)


def compression(front: Front) -> None:
    """Files that were compressed beforehand are sent so, and answers of the app on the way."""
    answer = front.ask("/assets/app-blue.js", Accept_Encoding="gzip")
    compressed = (front.folder / f"srv/releases/{RELEASES['blue']}/web/assets/app-blue.js.gz").read_bytes()
    assert (answer.headers.get("content-encoding"), answer.body) == ("gzip", compressed)
    answer = front.ask(f"/api/{'long' * 500}", Accept_Encoding="gzip")
    assert answer.headers.get("content-encoding") == "gzip"


def headers(front: Front) -> None:
    """Everything that nginx serves itself has the security headers of the app, and says no version."""
    for path in ("/", "/chats/7", "/assets/app-blue.js", "/assets/app-earlier.js"):
        answer = front.ask(path)
        found = {name: answer.headers.get(name.lower()) for name in HEADERS}
        assert found == HEADERS, path
        assert not re.search(r"\d", answer.headers["server"])


def proxy(front: Front) -> None:
    """The app is told who asks, how, and for what, whatever the client claims."""
    told = front.ask("/api/a%2Fb?c=%20d", Host="evil.example.com", X_Forwarded_For="10.9.8.7", X_Forwarded_Proto="gopher").told
    assert told["path"] == "/api/a%2Fb?c=%20d"
    assert told["headers"].get("x-forwarded-for") == "127.0.0.1"
    assert told["headers"].get("x-forwarded-proto") == ("https" if front.tls else "http")
    assert told["headers"]["host"] == f"{DOMAIN}:{front.port}"
    assert front.ask("/api/x", Host=f"{DOMAIN}:9999").told["headers"]["host"] == f"{DOMAIN}:9999", "the port a proxy in front has"
    assert [front.ask(path).told["path"] for path in ("/health", "/ready", "/version")] == ["/health", "/ready", "/version"]


def uploads(front: Front) -> None:
    """Two mebibytes get through."""
    answer = front.ask("/api/files", "POST", body=b"x" * (2 << 20))
    assert answer.status == 200, answer.status
    assert answer.told["received"] == 2 << 20


def stream(front: Front) -> None:
    """The first event arrives before the second is sent."""
    connection = front.connect()
    begun = time.monotonic()
    connection.request("GET", "/api/stream", headers={"Host": DOMAIN, "Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    assert b"first" in answer.read1(100)
    took_s = time.monotonic() - begun
    connection.close()
    assert took_s < LATER_S * 0.8, f"the first event took {took_s:.2f} s"


def websocket(front: Front) -> None:
    """A connection becomes a socket, both ways."""
    connection = front.connect()
    connection.putrequest("GET", "/ws", skip_host=True)
    for name, value in {"Host": DOMAIN, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    channel = connection.sock
    channel.settimeout(3)
    said = channel.recv(4096)
    assert said.startswith(b"HTTP/1.1 101"), said[:60]
    channel.sendall(b"echo")
    assert channel.recv(4) == b"echo"
    connection.close()


def private(front: Front) -> None:
    """Metrics are for the host, and no path leads out of the places that are served."""
    assert front.ask("/metrics").status == 404
    for path in (
        "/assets../secret",
        "/assets/../secret",
        "/assets/%2e%2e/secret",
        "/assets/..%2fsecret",
        "/.well-known/acme-challenge../secret",
    ):
        assert b"a secret" not in front.ask(path).body, path


def buckets(front: Front) -> None:
    """Who has a bucket stays in it, page and app of one release; a made-up one leads nowhere."""
    front.weigh(50)
    for bucket, slot in (("07", "green"), ("49", "green"), ("50", "blue"), ("99", "blue")):
        for _ in range(2):
            shown, told = front.ask("/", Cookie=f"ct_bucket={bucket}"), front.ask("/version", Cookie=f"ct_bucket={bucket}").told
            assert (RELEASES[slot] in shown.body.decode(), told["release"]) == (True, RELEASES[slot]), bucket
            assert shown.headers["set-cookie"].startswith(f"ct_bucket={bucket};")
    for made_up in ("100", "../../../srv", "0", "aa", "07/../08"):
        answer = front.ask("/", Cookie=f"ct_bucket={made_up}")
        assert answer.status == 200, made_up
        assert re.match(r"ct_bucket=\d\d; Path=/; Max-Age=31536000; SameSite=Lax", answer.headers["set-cookie"]), made_up


def acme(front: Front) -> None:
    """Who proves to a certificate authority that the name is ours is heard on plain http."""
    answer = front.ask("/.well-known/acme-challenge/token", plain=True)
    assert (answer.status, answer.body) == (200, b"proof")
    assert front.ask("/.well-known/acme-challenge/none", plain=True).status == 404


def redirect(front: Front) -> None:
    """Plain http leads to https at our name, and nothing of a path becomes a header."""
    for path in ("/chats/7?a=b", "/%0d%0aX-Evil:1"):
        answer = front.ask(path, plain=True, Host="evil.example.com")
        assert (answer.status, answer.headers.get("location")) == (301, f"https://{DOMAIN}:{front.port}{path}")
        assert "x-evil" not in answer.headers


def secure(front: Front) -> None:
    """Everything over https says that it stays so, the cookie too; HTTP/2 is spoken, old TLS is not."""
    for path in ("/", "/assets/app-blue.js", "/assets/app-earlier.js", "/api/x"):
        assert front.ask(path).headers.get("strict-transport-security") == "max-age=31536000", path
    assert "Secure" in front.ask("/").headers["set-cookie"]
    context = ssl.create_default_context(cafile=front.authority.file)
    context.set_alpn_protocols(["h2"])
    with socket.create_connection(("127.0.0.1", front.port)) as raw, context.wrap_socket(raw, server_hostname=DOMAIN) as channel:
        assert (channel.selected_alpn_protocol(), channel.version()) == ("h2", "TLSv1.3")


PROBES: Final[dict[str, Probe]] = {
    "page": page,
    "assets": assets,
    "compression": compression,
    "headers": headers,
    "proxy": proxy,
    "uploads": uploads,
    "stream": stream,
    "websocket": websocket,
    "private": private,
    "buckets": buckets,
    "acme": acme,
}
WITH_TLS: Final[dict[str, Probe]] = PROBES | {"redirect": redirect, "secure": secure}
