"""A certificate that nginx or a browser would refuse is refused before anything is begun, in one sentence."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from comfytavern.deploy import preflight
from comfytavern.deploy.agent import certificate
from comfytavern.deploy.facts import Facts, facts_of
from comfytavern.deploy.spec import parse
from tests.golden.deploy.certificates import Authority

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl on this box")
DOMAIN = "tavern.example.org"
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def refused(pair: tuple[Path, Path], domain: str = DOMAIN) -> list[str]:
    """Return what preflight says of files on a host."""
    spec = parse(f'domain = "{domain}"\n[tls]\ncertificate = "{pair[0]}"\nkey = "{pair[1]}"\n[hosts.h1]\naddress = "192.0.2.1"\n')
    said = {"clock": NOW.isoformat(), "nginx": "/usr/sbin/nginx", "managers": {"systemd": "252"}}
    found: Facts = facts_of("h1", {**said, "certificate": certificate.look(str(pair[0]), str(pair[1]), domain)})
    return [each.message for each in preflight.problems(spec, None, {"h1": found}, preflight.Known(now=NOW))]


def test_a_good_pair_is_taken(authority: Authority) -> None:
    pair = authority.issue(DOMAIN)
    found = certificate.look(str(pair[0]), str(pair[1]), DOMAIN)
    assert found is not None
    assert (found["state"], found["covers"]) == (certificate.FITS, True)
    ends = datetime.fromisoformat(found["expires_at"])
    assert abs(ends - NOW - timedelta(days=90)) < timedelta(hours=1)
    assert refused(pair) == []


def test_an_expired_certificate_is_refused(authority: Authority) -> None:
    (said,) = refused(authority.issue(DOMAIN, days=-1))
    assert "h1: the certificate" in said
    assert "ended 20" in said
    assert said.endswith("Renew it first.")


def test_a_certificate_that_ends_tomorrow_is_refused(authority: Authority) -> None:
    (said,) = refused(authority.issue(DOMAIN, days=1))
    assert " ends 20" in said


def test_a_key_of_another_certificate_is_refused(authority: Authority) -> None:
    (said,) = refused((authority.issue(DOMAIN)[0], authority.issue(DOMAIN)[1]))
    assert "does not belong to the certificate" in said


def test_a_certificate_for_another_name_is_refused(authority: Authority) -> None:
    (said,) = refused(authority.issue("other.example.org"))
    assert f"is not for {DOMAIN}." in said


def test_files_that_are_missing_or_no_certificates_are_refused_by_name(authority: Authority, tmp_path: Path) -> None:
    good = authority.issue(DOMAIN)
    for place in (0, 1):
        for content, words in ((None, "there is no file"), ("-----BEGIN NOTHING-----", "no PEM file")):
            pair = list(good)
            pair[place] = tmp_path / f"{place}-{words.replace(' ', '-')}"
            if content:
                pair[place].write_text(content)
            (said,) = refused((pair[0], pair[1]))
            assert words in said
            assert str(pair[place]) in said


def test_the_fingerprint_is_of_both_files(authority: Authority) -> None:
    one, two = authority.issue(DOMAIN), authority.issue(DOMAIN)
    prints = {certificate.fingerprint(str(crt), str(key)) for crt in (one[0], two[0]) for key in (one[1], two[1])}
    assert len(prints) == 4
    assert certificate.fingerprint("", "") is None
