"""The rendered nginx configuration does what it says, in a real nginx."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden.deploy.front import BROTLI, DOMAIN, IPV6, NGINX, NO_BROTLI, NO_IPV6, Front
from tests.golden.deploy.probes import PROBES, WITH_TLS

pytestmark = pytest.mark.skipif(not Path(NGINX).exists(), reason="there is no nginx on this box (tools/services.sh)")


@pytest.fixture(scope="module")
def plain() -> Iterator[Front]:
    with Front() as front:
        yield front


@pytest.fixture(scope="module")
def secure() -> Iterator[Front]:
    with Front(tls=True) as front:
        yield front


@pytest.mark.parametrize("name", PROBES)
def test_a_site_without_tls_holds(name: str, plain: Front) -> None:
    PROBES[name](plain)


@pytest.mark.parametrize("name", WITH_TLS)
def test_a_site_with_tls_holds(name: str, secure: Front) -> None:
    WITH_TLS[name](secure)


@pytest.mark.skipif(not BROTLI.exists(), reason=NO_BROTLI)
def test_who_takes_brotli_gets_the_file_that_was_compressed_beforehand() -> None:
    with Front(brotli=True) as front:
        for wish, coding in (("br, gzip", "br"), ("gzip", "gzip"), ("", None)):
            answer = front.ask("/assets/app-blue.js", Accept_Encoding=wish)
            assert answer.headers.get("content-encoding") == coding
            assert answer.headers["cache-control"].endswith("immutable")
            assert answer.headers["content-type"] == "application/javascript"


@pytest.mark.skipif(not IPV6, reason=NO_IPV6)
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_who_comes_by_ipv6_gets_what_others_get(*, tls: bool) -> None:
    """Bug: nginx listened on IPv4 only, so that a name with an AAAA record led some visitors nowhere."""
    with Front(tls=tls, ipv6=True) as front:
        by_ipv4 = front.ask("/chats/7")
        front.address = "::1"
        answer = front.ask("/chats/7")
        assert (answer.status, answer.body) == (200, by_ipv4.body)
        assert answer.headers.get("strict-transport-security") == by_ipv4.headers.get("strict-transport-security")
        assert front.ask("/api/x").told["headers"]["x-forwarded-for"] == "::1"
        assert front.ask("/.well-known/acme-challenge/token", plain=True).body == b"proof"
        if tls:
            redirect = front.ask("/chats/7", plain=True)
            assert (redirect.status, redirect.headers["location"]) == (301, f"https://{DOMAIN}:{front.port}/chats/7")


@pytest.mark.skipif(not IPV6, reason=NO_IPV6)
def test_without_ipv6_nobody_listens_there() -> None:
    with Front() as front:
        front.address = "::1"
        with pytest.raises(ConnectionRefusedError):
            front.ask("/")
