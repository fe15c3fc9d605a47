"""What must stand in a pipeline though no tool asks for it, and what may not; each rule returns sentences, none for a good file."""

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

PINNED: Final = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
VERSION: Final = re.compile(r"uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
EXPRESSION: Final = re.compile(r"\$\{\{")
SECRETS: Final = frozenset({
    *("RELEASE_KEY", "REGISTRY_TOKEN", "DEPLOY_SSH_KEY", "JWT_SECRET", "DATABASE_URL", "KUBE_CONFIG", "AWS_ID_TOKEN"),
    *("NOTIFY_SLACK", "NOTIFY_WEBHOOK", "NOTIFY_WEBHOOK_KEY", "NOTIFY_MAIL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
})  # fmt: skip
PIPED: Final = re.compile(r"""^printf '[^']*' "\$\w+" (?:>"?[$\w./-]+"?|\| [\w-]+ )""")
"""The one way out of a variable: into a file of ours, or into a program that reads it."""
TRACES: Final = re.compile(r"\bset -\w*x|\bset -o xtrace|^\s*(?:env|printenv|export -p|set)\s*$", re.MULTILINE)
RIGHTS: Final = {"contents": "read", "packages": "write", "id-token": "write"}
TARGETS: Final = ("staging", "production")


class Loader(yaml.SafeLoader):
    """YAML whose `on` is a word, as GitHub reads it."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in forms if tag != "tag:yaml.org,2002:bool"]
    for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def github(text: str) -> list[str]:
    """Return what is wrong with a workflow of GitHub Actions."""
    tree = yaml.load(text, Loader)
    found = [
        f"{line.strip()} has no version beside its commit." for line in text.splitlines() if "uses:" in line and not VERSION.search(line)
    ]
    if tree.get("permissions") not in ({}, {"contents": "read"}):
        found.append("The workflow as a whole may more than read.")
    if "pull_request_target" in tree["on"]:
        found.append("A stranger's pull request would run with our secrets.")
    for name, job in tree["jobs"].items():
        found += [f"{name}: {said}" for said in _github_job(name, job, "pull_request" in tree["on"])]
    return found


def _github_job(name: str, job: dict[str, Any], open_to_all: bool) -> Iterator[str]:
    if "timeout-minutes" not in job:
        yield "it has no timeout."
    if "permissions" not in job:
        yield "it does not say what it may."
    yield from (f"it may {right}: {level}." for right, level in job.get("permissions", {}).items() if RIGHTS.get(right) != level)
    target = (job.get("environment") or {}).get("name", "")
    yield from _group(target, job)
    for step in job["steps"]:
        if "uses" in step and not PINNED.match(step["uses"]):
            yield f"{step['uses']} is not pinned to a commit."
        if str(step.get("uses", "")).startswith("actions/checkout@") and str(step.get("with", {}).get("persist-credentials")) != "false":
            yield "the checkout leaves a token behind."
        script = step.get("run", "")
        if EXPRESSION.search(script):
            yield "an expression is pasted into a script."
        yield from _script(script)
        secret = "secrets." in str(step.get("env", ""))
        if secret and open_to_all and not target and name not in {"build", "images", "failed"}:
            yield "a pull request would get secrets."
    yield from (f"env of the whole job holds {key}." for key in job.get("env", {}) if key in SECRETS)


def _group(target: str, job: dict[str, Any]) -> Iterator[str]:
    deploys = target in TARGETS or target == "${{ inputs.target }}"
    group = job.get("concurrency") or {}
    if deploys and group.get("group") != f"deploy-{target}":
        yield "two deployments of one target could run at once."
    if deploys and str(group.get("cancel-in-progress")) != "false":
        yield "a deployment could be cut off in the middle."


def gitlab(text: str) -> list[str]:
    """Return what is wrong with a pipeline of GitLab CI."""
    tree = yaml.load(text, Loader)
    default = tree["default"]
    found: list[str] = []
    if "timeout" not in default:
        found.append("There is no timeout.")
    jobs = {name: job for name, job in tree.items() if isinstance(job, dict) and "script" in job}
    for name, job in jobs.items():
        image = str(job.get("image", default.get("image", "")))
        if not re.fullmatch(r"[\w./-]+:[\w.-]+(@sha256:[0-9a-f]{64})?", image) or image.endswith(":latest"):
            found.append(f"{name}: its image {image or '?'} has no version.")
        found += [f"{name}: {said}" for said in _gitlab_job(job)]
        found += [
            f"{name}: {said}" for part in ("before_script", "script", "after_script") for one in job.get(part, []) for said in _script(one)
        ]
        found += [
            f"{name}: {key} stands there as a text."
            for key, value in job.get("variables", {}).items()
            if key in SECRETS and "$" not in value
        ]
    found += [f"{key} stands there as a text." for key, value in tree.get("variables", {}).items() if key in SECRETS and "$" not in value]
    production = jobs["production"]["rules"]
    if any(rule.get("when") != "manual" for rule in production) or str(jobs["production"].get("allow_failure")) != "false":
        found.append("production: nobody is asked.")
    return found


def _gitlab_job(job: dict[str, Any]) -> Iterator[str]:
    target = (job.get("environment") or {}).get("name", "")
    if not target:
        return
    if job.get("resource_group") != target:
        yield "two deployments of one target could run at once."
    if str(job.get("interruptible")) != "false":
        yield "a deployment could be cut off in the middle."
    if not job.get("after_script"):
        yield "nobody is told how it ended."


def _script(script: str) -> Iterator[str]:
    if TRACES.search(script):
        yield "everything that is expanded would be in the log, secrets too."
    for line in script.splitlines():
        used = {name for name in SECRETS if re.search(rf"\$\{{?{name}\b", line)}
        for name in sorted(used):
            if not _keeps(line.strip(), name):
                yield f"{name} could be seen: {line.strip()[:60]}"
    if "\n" in script.strip() and not script.lstrip("( \n").startswith("set -eu"):
        yield "a step that fails would not stop the script."


def _keeps(line: str, name: str) -> bool:
    """Tell whether a line uses a secret only as a question (is it there?), or by `printf` into a file or a program that reads it."""
    rest = re.sub(rf'\[ -[nz] "\$\{{{name}:-\}}" \]', "", line)
    return not re.search(rf"\$\{{?{name}\b", rest) or bool(PIPED.match(rest.strip()))
