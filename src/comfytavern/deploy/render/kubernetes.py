"""A kustomize base with two overlays: what a cluster runs, who may speak with whom, and how a new release takes over.

One back end, and never two for long: runs, sockets and the queue live in its process, and no other replica could go on with them. A new
release starts beside the old one, as slots do on a host (maxUnavailable 0, one surge pod on the same node, for they share a volume), and
the old one drains.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from comfytavern.deploy.errors import Refused
from comfytavern.deploy.render.images import PORT, USER
from comfytavern.deploy.render.template import filled

FILES: Final = ("backend", "config", "ingress", "migrate", "network", "web")
WEB_PORT: Final = 8080
"""Nobody inside may listen below 1024."""
PRE_STOP_S: Final = 5
"""So long a pod that has to go is still asked by those who have not heard of it."""
DRAIN_S: Final = 30
STREAMS_S: Final = 120
NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?")
DOMAIN: Final = re.compile(r"(?=.{4,253}$)[a-z0-9-]+(\.[a-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the manifests depend on. `registry`: where the images are, with a slash at the end; empty: those of the nodes."""

    release: str = "dev"
    registry: str = ""
    domain: str = "tavern.example.org"
    staging_domain: str = "staging.tavern.example.org"
    namespace: str = "comfytavern"
    replicas: int = 1
    web_replicas: int = 2
    ingress_class: str = "nginx"
    ingress_namespace: str = "ingress-nginx"
    pods: str = "10.0.0.0/8"
    """The network of the pods: the ingress controller comes from there."""
    database: str = "10.0.0.0/8"
    """Where PostgreSQL is."""
    storage_gib: int = 10
    memory_mib: int = 1024
    upload_mib: int = 512


def render(cluster: Cluster) -> dict[str, str]:
    """Return the text of every file by its path. Raises `Refused` (`deploy.replicas`, `deploy.cluster`)."""
    if cluster.replicas != 1:
        sentence = (
            f"The back end cannot have {cluster.replicas} replicas: runs live in one process and cannot be shared between replicas yet."
        )
        raise Refused("deploy.replicas", sentence, hint="Use one replica and give it more CPU and memory; the web app may have many.")
    _checked(cluster)
    values = {
        "cluster": cluster,
        "user": USER,
        "port": PORT,
        "web_port": WEB_PORT,
        "pre_stop_s": PRE_STOP_S,
        "drain_s": DRAIN_S,
        "streams_s": STREAMS_S,
        "grace_s": PRE_STOP_S + DRAIN_S + STREAMS_S + 5,
        "job": re.sub(r"[^a-z0-9]+", "-", cluster.release.lower()).strip("-")[:40].rstrip("-"),
    }
    files = {f"base/{name}.yaml": filled(f"kubernetes/{name}.yaml", **values) for name in (*FILES, "kustomization")}
    for stage, domain in (("staging", cluster.staging_domain), ("production", cluster.domain)):
        given = values | {"cluster": replace(cluster, domain=domain), "stage": stage}
        own = {"kustomization": "overlay", "namespace": "namespace", "config": "config", "ingress": "ingress"}
        files |= {f"overlays/{stage}/{name}.yaml": filled(f"kubernetes/{template}.yaml", **given) for name, template in own.items()}
    return dict(sorted(files.items()))


def _checked(cluster: Cluster) -> None:
    """Refuse what would break out of a line of YAML, or what no cluster takes."""
    bad = [
        ("namespace", cluster.namespace, NAME),
        ("ingress-class", cluster.ingress_class, NAME),
        ("domain", cluster.domain, DOMAIN),
        ("staging-domain", cluster.staging_domain, DOMAIN),
        ("release", cluster.release, re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")),
        ("registry", cluster.registry, re.compile(r"([a-z0-9][a-z0-9.:/_-]*/)?")),
        ("pods", cluster.pods, re.compile(r"[0-9a-f.:]+/[0-9]+")),
        ("database", cluster.database, re.compile(r"[0-9a-f.:]+/[0-9]+")),
    ]
    for name, value, pattern in bad:
        if not pattern.fullmatch(value):
            raise Refused("deploy.cluster", f"{value!r} cannot be the {name} of a cluster.", hint="See docs/operate/containers.md.")
