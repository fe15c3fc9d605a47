"""Steps that write a host's configuration: the app's environment, trusted signers, nginx and the process manager."""

from collections.abc import Iterator, Mapping

from comfytavern.deploy.facts import Facts
from comfytavern.deploy.spec import Spec
from comfytavern.deploy.stage import Step

ENV = "/etc/comfytavern/env"
SITE, SITE_IPV6 = "site", "site.ipv6"
"""Contents of the step that writes nginx and the process manager: for a host without IPv6, and for one with it."""


def trusts(host: str, spec: Spec) -> Iterator[Step]:
    """Yield the file of allowed signers, when the spec names one."""
    if spec.signers:
        args = {"path": "/etc/comfytavern/allowed_signers", "mode": 0o644}
        yield Step(host=host, verb="put", args=args, content="signers", title="Say whose signatures count")


def configures(host: str, facts: Facts, spec: Spec, sites: Mapping[str, str]) -> Iterator[Step]:
    """Yield the environment, and the site when it differs from what is there."""
    args = {"path": f"{ENV}/base.env", "mode": 0o640, "owner": f"root:{spec.user}"}
    yield Step(host=host, verb="put", args=args, content="base.env", title="Write the settings")
    if spec.secret_sources():
        args = {"path": f"{ENV}/secrets.env", "mode": 0o600, "owner": "root:root"}
        yield Step(host=host, verb="put", args=args, content="secrets.env", title="Write the secrets")
    yield from site(host, facts, spec, sites)


def site(host: str, facts: Facts, spec: Spec, sites: Mapping[str, str]) -> tuple[Step, ...]:
    """Return the writing of nginx and the process manager, nothing when they are there; `sites` has the digests of what can be written."""
    name = SITE_IPV6 if spec.ipv6 == "on" or (spec.ipv6 == "auto" and facts.ipv6) else SITE
    if not sites or facts.site_sha256 == sites[name]:
        return ()
    return (Step(host=host, verb="site", args={"driver": spec.driver}, content=name, title=f"Configure nginx and {spec.driver}"),)
