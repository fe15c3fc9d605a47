"""Steps that bring a release to a host and make it ready to start."""

from collections.abc import Iterator

from comfytavern.deploy.facts import Facts
from comfytavern.deploy.release import Release
from comfytavern.deploy.spec import Spec
from comfytavern.deploy.stage import Step


def sends(host: str, facts: Facts, release: Release, spec: Spec) -> Iterator[Step]:
    """Yield the sending of what the host lacks; nothing when the release is installed."""
    if not facts.has(release.release):
        yield Step(host=host, verb="send", content="release", deadline_s=spec.deadlines.send_s, title=f"Send {release.release}")


def installs(host: str, facts: Facts, release: Release, spec: Spec) -> Iterator[Step]:
    """Yield assembling, checking and installing; nothing when the release is installed."""
    if facts.has(release.release):
        return
    args = {"release": release.release}
    yield Step(host=host, verb="stage", args=args, content="stage", deadline_s=60, title="Assemble it")
    yield Step(host=host, verb="verify", args=args, deadline_s=60, title="Check every file and the signature")
    yield Step(host=host, verb="install", args=args, deadline_s=spec.deadlines.install_s, title="Install it offline")
