"""What must hold before anything is begun; everything that does not, at once."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from comfytavern.deploy.facts import Certificate, Facts
from comfytavern.deploy.release import Release
from comfytavern.deploy.spec import SQLITE, Spec
from comfytavern.kernel.errors import Problem

ROOM_BYTES = 300 << 20
"""What has to stay free besides the release."""
OFFERING = "SETTINGS_FROM"
"""Where this is set, settings come from a cloud; the start says what is not there."""
TIMES = 3
"""A release is there as content, assembled, and installed."""
SKEW_S = 30.0
CERTIFICATE = timedelta(days=3)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What preflight depends on besides the spec, the release and the facts."""

    now: datetime
    names: frozenset[str] = frozenset()
    """Settings and secrets that will be there."""
    database: str = SQLITE
    signed: bool = False


def problems(spec: Spec, release: Release | None, fleet: Mapping[str, Facts], known: Known) -> list[Problem]:
    """Return everything that speaks against deploying `release` (None: against any change at all), each with its host and the fix."""
    found = [each for host, facts in fleet.items() for each in _host(host, facts, spec, known)]
    if release is not None:
        found += [each for host, facts in fleet.items() for each in _release(host, facts, release, known)]
        if spec.signers and not known.signed:
            found.append(_problem("release.unsigned", "", f"{release.release} is not signed.", "Build it with --sign-key."))
    if len(fleet) > 1 and known.database == SQLITE:
        sentence = f"SQLite lives on one host, and there are {len(fleet)}."
        found.append(_problem("deploy.sqlite_hosts", "", sentence, "Give a PostgreSQL as database.url in deploy.toml."))
    return found


def _host(host: str, facts: Facts, spec: Spec, known: Known) -> Iterator[Problem]:
    if not facts.managers.get(spec.driver):
        there = ", ".join(name for name, version in facts.managers.items() if version) or "none"
        yield _problem("deploy.no_driver", host, f"{spec.driver} is not there (there is: {there}).", "Run `deploy host prepare`.")
    if not facts.nginx:
        yield _problem("deploy.no_nginx", host, "nginx is not there.", "Run `deploy host prepare`.")
    if spec.ipv6 == "on" and not facts.ipv6:
        fix = 'Switch it on (`ipv6.disable` in the kernel\'s command line), or say ipv6 = "auto".'
        yield _problem("deploy.no_ipv6", host, "it has no IPv6.", fix)
    skew_s = _skew_s(facts, known.now)
    if skew_s is not None and abs(skew_s) > SKEW_S:
        sentence = f"its clock is {abs(skew_s):.0f} s {'ahead' if skew_s > 0 else 'behind'}."
        yield _problem("deploy.clock", host, sentence, "Set up time synchronisation (timedatectl set-ntp true).")
    if spec.tls and facts.certificate and facts.certificate.path == spec.tls.certificate:
        for sentence, fix in _certificate(facts.certificate, spec.domain, known.now):
            yield _problem("deploy.certificate", host, sentence, fix)


def _certificate(found: Certificate, domain: str, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a certificate, and what to do; nginx would refuse it, or browsers would."""
    match found.state:
        case "missing":
            yield f"there is no file {found.what}.", "Put certificate and key where [tls] of deploy.toml says."
        case "strange":
            yield f"{found.what} is no PEM file that nginx can read without a password.", "Put a PEM file there."
        case "other_key":
            yield f"the key {found.key} does not belong to the certificate {found.path}.", "Put a pair that was made together there."
        case "fits":
            pass
    ends = _time(found.expires_at or "")
    if ends and ends < now + CERTIFICATE:
        yield f"the certificate {found.path} {'ended' if ends < now else 'ends'} {found.expires_at}.", "Renew it first."
    if found.covers is False:
        yield f"the certificate {found.path} is not for {domain}.", "Get one for that name, or change `domain`."


def _release(host: str, facts: Facts, release: Release, known: Known) -> Iterator[Problem]:
    if facts.python_tag != release.python.tag:
        sentence = f"its Python is {facts.python or 'unknown'} ({facts.python_tag}); {release.release} is for {release.python.tag}."
        yield _problem("deploy.python", host, sentence, f"Build with --python-tag {facts.python_tag}, or install the other Python.")
    if not release.python.platform.endswith(facts.arch):
        sentence = f"it is {facts.arch}; {release.release} is for {release.python.platform}."
        yield _problem("deploy.arch", host, sentence, "Build the release on such a machine.")
    needs = 0 if facts.has(release.release) else TIMES * sum(file.size for file in release.files.values()) + ROOM_BYTES
    if facts.disk_free_bytes < needs:
        sentence = f"{facts.disk_free_bytes >> 20} MiB are free; {needs >> 20} MiB are needed."
        yield _problem("deploy.disk", host, sentence, "Free some space, or keep fewer releases (`keep`).")
    wanted = {name for name, about in release.env.items() if about.required_in_production}
    given = known.names | set(facts.env_names)
    for name in sorted(wanted - given) if OFFERING not in given else ():
        yield _problem("deploy.setting_missing", host, f"{name} is not set.", f"Add it to [{_table(release, name)}] of deploy.toml.")
    if facts.migration:
        level, contracted, schema = facts.migration.level, facts.migration.contracted or 0, release.schema
        if contracted > schema.level or (schema.max is not None and level > schema.max):
            sentence = f"its database (level {level}, contracted to {contracted}) is too new for {release.release} (level {schema.level})."
            yield _problem("deploy.schema", host, sentence, "Deploy a newer release, or `deploy rollback --restore-db`.")
        if level < schema.min:
            sentence = f"its database (level {level}) is too old for {release.release} (from level {schema.min})."
            yield _problem("deploy.schema", host, sentence, "Deploy a release in between first.")


def _table(release: Release, name: str) -> str:
    return "secrets" if release.env[name].secret else "env"


def _skew_s(facts: Facts, now: datetime) -> float | None:
    there = _time(facts.clock)
    return (there - now).total_seconds() if there else None


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _problem(code: str, host: str, sentence: str, fix: str) -> Problem:
    where = f"{host}: " if host else ""
    return Problem(code=code, message=f"{where}{sentence} {fix}", place={"host": host} if host else {}, params={"fix": fix})
