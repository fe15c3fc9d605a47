"""The rendered nginx configuration does what it says, in a real nginx."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden.deploy.front import NGINX, Front
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
