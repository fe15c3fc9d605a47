"""What container files must have though no schema asks for it: each rule returns sentences, none for good files."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

SECRET: Final = re.compile(r"(?i)(secret|password|passwd|token|api_key|database_url)")
FILES: Final = re.compile(r"_FILE$")
RESERVED: Final = frozenset({"POSTGRES_USER", "POSTGRES_DB"})
PINNED: Final = re.compile(r"^ARG (?P<name>\w+_IMAGE)=(?P<image>\S+:\S+)$", re.MULTILINE)


def dockerfile(text: str) -> list[str]:
    """Return what an image of ours may not lack: a user, a pinned base, a health check, hashes, dates; and no secret."""
    found: list[str] = []
    bases = {match["name"] for match in PINNED.finditer(text)}
    stages = set(re.findall(r"(?m)^FROM .* AS (\w+)$", text))
    for base in re.findall(r"(?m)^FROM (\S+)", text):
        if base not in stages and base.removeprefix("${").removesuffix("}") not in bases:
            found.append(f"The base {base} is not pinned by an ARG with a tag.")
    if any(image.endswith(":latest") for image in dict(PINNED.findall(text)).values()):
        found.append("A base is whatever is latest.")
    last = text[text.rindex("\nFROM ") :]
    users = re.findall(r"(?m)^USER (\S+)$", last)
    if not users or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]):
        found.append("It does not run as a number that is not root's.")
    found += [f"There is no {word}." for word in ("HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT", "EXPOSE") if f"\n{word} " not in last]
    found += [f"There is no label {name}." for name in ("title", "licenses", "source", "version") if f"image.{name}=" not in last]
    if re.search(r"(?m)^RUN ", last):
        found.append("The last stage runs something, which no two builds do alike.")
    if "pip " in text and "--require-hashes" not in text:
        found.append("Packages are not held to their hashes.")
    if "npm install" in text or ("npm" in text and "npm ci" not in text):
        found.append("npm does not install what the lock says.")
    found += [f"{name} is a secret in a layer." for name in re.findall(r"(?m)^(?:ARG|ENV)\s+(\w+)", text) if SECRET.search(name)]
    if "sbom.cdx.json" not in text or "SOURCE_DATE_EPOCH" not in text:
        found.append("It lacks a bill of materials, or one date for all files.")
    found += _order(text)
    return found


def _order(text: str) -> list[str]:
    """Return what would make every build install everything anew: sources copied before packages are installed."""
    found: list[str] = []
    for install, sources in (
        ("npm ci", "COPY web/ "),
        ("pip download", "COPY src "),
        ("pip install -q --no-cache-dir --no-deps --require-hashes", "COPY src "),
    ):
        if install in text and sources in text and text.index(install) > text.index(sources):
            found.append(f"`{install}` comes after `{sources.strip()}`: nothing is cached.")
    return found


def compose(text: str) -> list[str]:
    """Return what a service of ours may not lack."""
    document = yaml.safe_load(text)
    found: list[str] = []
    for name, service in document["services"].items():
        ours = str(service.get("image", "")).startswith("comfytavern")
        found += [f"{name} has a secret in its environment: {key}." for key in service.get("environment", {}) if _tells(key)]
        found += [f"{name}: {rule}." for rule, kept in _service_rules(service, ours=ours) if not kept]
        found += [
            f"{name} publishes {port} to everybody." for port in service.get("ports", []) if not port.startswith("${BIND:-127.0.0.1}:")
        ]
    found += [f"The secret {name} is not a file." for name, one in document.get("secrets", {}).items() if set(one) != {"file"}]
    if "migrate" in document["services"]:
        waits = document["services"]["backend"].get("depends_on", {}).get("migrate", {}).get("condition")
        if waits != "service_completed_successfully":
            found.append("The back end does not wait for the migration.")
    return found


def _tells(name: str) -> bool:
    return bool(SECRET.search(name)) and not FILES.search(name) and name not in RESERVED


def _service_rules(service: dict[str, Any], *, ours: bool) -> Iterator[tuple[str, bool]]:
    options = service.get("logging", {}).get("options", {})
    yield "its log grows for ever", {"max-size", "max-file"} <= options.keys()
    yield "its root may be written to", service.get("read_only") is True
    yield "it may use all memory", "mem_limit" in service
    yield "it may gain rights", "no-new-privileges:true" in service.get("security_opt", [])
    yield "it does not come back", service.get("restart") in {"unless-stopped", "no"}
    yield "it is privileged", not service.get("privileged")
    if ours:
        yield "it keeps capabilities", service.get("cap_drop") == ["ALL"]
        drains = service["image"].startswith(("comfytavern:", "comfytavern-backend:")) and service.get("restart") != "no"
        yield "it is killed before it has drained", not drains or int(service.get("stop_grace_period", "0s")[:-1]) >= 150
    else:
        yield "nobody knows whether it is well", "healthcheck" in service


def kubernetes(files: dict[str, str]) -> list[str]:
    """Return what is wrong between the documents of a base, and what a pod of ours may not lack."""
    texts = [text for path, text in files.items() if path.startswith("base/") and not path.endswith("kustomization.yaml")]
    documents = [one for text in texts for one in yaml.safe_load_all(text)]
    pods = {one["metadata"]["name"]: one["spec"]["template"] for one in documents if one["kind"] in {"Deployment", "Job"}}
    found = [f"{name}: {rule}." for name, pod in pods.items() for rule, kept in _pod_rules(pod) if not kept]
    for one in documents:
        name, spec = f"{one['kind']} {one['metadata']['name']}", one.get("spec", {})
        if one["kind"] == "Deployment":
            found += [f"{name}: {rule}." for rule, kept in _deployment_rules(one) if not kept]
        if one["kind"] == "Service":
            found += [] if _matches(spec["selector"], pods) else [f"{name} leads nowhere."]
            ports = {port["name"] for pod in pods.values() for box in pod["spec"]["containers"] for port in box.get("ports", [])}
            found += [f"{name}: no pod has a port {port['targetPort']}." for port in spec["ports"] if port["targetPort"] not in ports]
        if one["kind"] in {"NetworkPolicy", "PodDisruptionBudget"}:
            selector = spec.get("podSelector") or spec.get("selector")
            found += [] if _matches(selector["matchLabels"], pods) else [f"{name} is about nobody."]
        if one["kind"] == "Ingress":
            found += _ingress(one, {each["metadata"]["name"] for each in documents if each["kind"] == "Service"})
    kinds = [one["kind"] for one in documents]
    found += [f"There is no {kind}." for kind in ("NetworkPolicy", "PodDisruptionBudget", "Job", "Ingress") if kind not in kinds]
    found += ["A secret stands in a manifest."] if "Secret" in kinds else []
    listed = yaml.safe_load(files["base/kustomization.yaml"])["resources"]
    there = [path.removeprefix("base/") for path in files if path.startswith("base/") and not path.endswith("kustomization.yaml")]
    found += [] if sorted(listed) == sorted(there) else [f"kustomization.yaml lists {listed}, there are {there}."]
    return found


def _matches(selector: dict[str, str], pods: dict[str, Any]) -> bool:
    return any(selector.items() <= pod["metadata"]["labels"].items() for pod in pods.values())


def _ingress(document: dict[str, Any], services: set[str]) -> list[str]:
    notes, spec = document["metadata"]["annotations"], document["spec"]
    found = ["Sockets are cut after a minute."] if notes.get("nginx.ingress.kubernetes.io/proxy-read-timeout") != "3600" else []
    hosts = {host for each in spec.get("tls", []) for host in each["hosts"]}
    for rule in spec["rules"]:
        found += [] if rule["host"] in hosts else [f"{rule['host']} has no certificate."]
        paths = {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
        found += [f"{path} does not reach the back end." for path in ("/api", "/ws") if paths.get(path) != "comfytavern-backend"]
        found += [f"There is no service {name}." for name in paths.values() if name not in services]
    return found


def _pod_rules(template: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    spec, box = template["spec"], template["spec"]["containers"][0]
    whole, own = spec.get("securityContext", {}), box.get("securityContext", {})
    yield "it may run as root", whole.get("runAsNonRoot") is True and whole.get("runAsUser", 0) > 0
    yield "it has no seccomp profile", whole.get("seccompProfile") == {"type": "RuntimeDefault"}
    yield "it may gain rights", own.get("allowPrivilegeEscalation") is False
    yield "it keeps capabilities", own.get("capabilities") == {"drop": ["ALL"]}
    yield "its root may be written to", own.get("readOnlyRootFilesystem") is True
    yield "it has a token of the cluster", spec.get("automountServiceAccountToken") is False
    yield "it may use all memory", "memory" in box.get("resources", {}).get("limits", {})
    yield "nobody knows what it needs", {"cpu", "memory"} <= box.get("resources", {}).get("requests", {}).keys()
    yield "a secret is in its environment", not any(_tells(each["name"]) for each in box.get("env", []))
    mounts, volumes = {each["name"] for each in box.get("volumeMounts", [])}, {each["name"] for each in spec.get("volumes", [])}
    yield "it mounts what is not there", mounts == volumes
    yield "its image has no tag", ":" in box["image"].rpartition("/")[2] and not box["image"].endswith(":latest")


def _deployment_rules(document: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    spec, pod = document["spec"], document["spec"]["template"]["spec"]
    box, backend = pod["containers"][0], document["metadata"]["name"].endswith("-backend")
    ports = {port["name"] for port in box.get("ports", [])}
    probes = {name: box.get(f"{name}Probe", {}).get("httpGet", {}) for name in ("startup", "readiness", "liveness")}
    yield "a probe asks a port that is not there", all(probe.get("port") in ports for probe in probes.values())
    yield (
        "its selector is not about its own pods",
        spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items(),
    )
    yield "the old release goes before the new one is ready", spec["strategy"].get("rollingUpdate", {}).get("maxUnavailable") == 0
    yield "it is told to stop while it is still asked", "preStop" in box.get("lifecycle", {})
    if backend:
        yield "more than one back end", spec["replicas"] == 1
        yield "it is asked before it is ready", probes["readiness"].get("path") == "/ready"
        yield "it is killed while it drains", probes["liveness"].get("path") == "/health"
        yield "it is killed before it has drained", pod.get("terminationGracePeriodSeconds", 30) >= 155
        yield "two releases may want one volume on two nodes", "podAffinity" in pod.get("affinity", {})


def ecs(text: str) -> list[str]:
    """Return what AWS says against a task definition, by its own model, and what ours may not lack."""
    from botocore.loaders import Loader
    from botocore.model import ServiceModel
    from botocore.validate import ParamValidator

    task: dict[str, Any] = json.loads(text)
    shape = ServiceModel(Loader().load_service_model("ecs", "service-2")).operation_model("RegisterTaskDefinition").input_shape
    found = [line for line in str(ParamValidator().validate(task, shape).generate_report()).splitlines() if line]
    if found:
        return found
    boxes = {box["name"]: box for box in task["containerDefinitions"]}
    volumes = {volume["name"] for volume in task["volumes"]}
    for name, box in boxes.items():
        found += [f"{name}: {rule}." for rule, kept in _box_rules(box, boxes, volumes) if not kept]
        found += [f"{name} has a secret in its definition: {each['name']}." for each in box.get("environment", []) if _tells(each["name"])]
    found += ["It asks for more time than Fargate gives."] if any(box.get("stopTimeout", 0) > 120 for box in boxes.values()) else []
    given = {each["name"]: each["value"] for each in boxes["backend"]["environment"]}
    if int(given["DRAIN_S"]) + int(given["DRAIN_STREAMS_S"]) >= boxes["backend"].get("stopTimeout", 30):
        found.append("The back end is killed before it has drained.")
    if {"containerName": "migrate", "condition": "SUCCESS"} not in boxes["backend"].get("dependsOn", []) or boxes["migrate"]["essential"]:
        found.append("The back end does not wait for the migration.")
    if task.get("networkMode") != "awsvpc":
        found.append("Fargate needs awsvpc.")
    files = [volume for volume in task["volumes"] if "efsVolumeConfiguration" in volume]
    if any(volume["efsVolumeConfiguration"].get("transitEncryption") != "ENABLED" for volume in files):
        found.append("Files go through the network in the clear.")
    return found


def _box_rules(box: dict[str, Any], boxes: dict[str, Any], volumes: set[str]) -> Iterator[tuple[str, bool]]:
    yield "it may run as root", bool(re.fullmatch(r"[1-9]\d*:[1-9]\d*", box.get("user", "")))
    yield "its root may be written to", box.get("readonlyRootFilesystem") is True
    yield "it keeps capabilities", box.get("linuxParameters", {}).get("capabilities", {}).get("drop") == ["ALL"]
    yield "it has no log", "logConfiguration" in box
    yield "it mounts what is not there", {mount["sourceVolume"] for mount in box.get("mountPoints", [])} <= volumes
    yield "it waits for nobody we know", all(each["containerName"] in boxes for each in box.get("dependsOn", []))
    yield "nobody knows whether it is well", not box["essential"] or "healthCheck" in box
    yield "its image has no tag", ":" in box["image"].rpartition("/")[2] and not box["image"].endswith(":latest")
