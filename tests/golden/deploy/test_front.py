"""The rendered nginx configuration does what it says, in a real nginx."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden.deploy.front import BROTLI, NGINX, NO_BROTLI, Front
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
