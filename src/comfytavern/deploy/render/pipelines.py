"""Pipelines for GitHub Actions and GitLab CI: from a commit to production, and back. Pure: the same wish, the same bytes.

What a job does is a script of its own (templates/pipelines/scripts), the same for both services. Nothing is filled into a script: it
reads variables, so that a branch called `$(rm -rf ~)` stays a name.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import jinja2

SERVICES: Final = ("github", "gitlab")
WAYS: Final = ("ssh", "docker", "kubernetes", "ecs")
ABOUT: Final = {
    "ssh": "lint, tests, release, staging and production by SSH, with a person in between",
    "docker": "lint, tests, release, images, staging and production on Docker hosts by SSH, with a person in between",
    "kubernetes": "lint, tests, release, images, staging and production on Kubernetes, with a person in between",
    "ecs": "lint, tests, release, images, staging and production on AWS ECS, with a person in between",
}
PINS: Final = {
    "checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "setup-python": ("ece7cb06caefa5fff74198d8649806c4678c61a1", "v6.3.0"),
    "setup-node": ("820762786026740c76f36085b0efc47a31fe5020", "v7.0.0"),
    "cache": ("55cc8345863c7cc4c66a329aec7e433d2d1c52a9", "v6.1.0"),
    "upload-artifact": ("043fb46d1a93c77aae656e7c1c64a875d1fc6a0a", "v7.0.1"),
    "download-artifact": ("3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"),
}
"""GitHub's own actions, each by the commit of its release: a tag can be moved, a commit cannot. There are no others."""
KUBECTL: Final = "v1.33.4"
NOTIFY: Final = ("NOTIFY_SLACK", "NOTIFY_WEBHOOK", "NOTIFY_WEBHOOK_KEY", "NOTIFY_MAIL")
TEMPLATES: Final = Path(__file__).parent / "templates"
LOG_URL: Final = "${{ github.server_url }}/${{ github.repository }}/actions/runs/${{ github.run_id }}"
Service = Literal["github", "gitlab"]
Way = Literal["ssh", "docker", "kubernetes", "ecs"]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Which service runs it, and how a release gets to where it serves."""

    service: Service
    deploy: Way = "ssh"

    @property
    def has_images(self) -> bool:
        """Tell whether it builds images."""
        return self.deploy != "ssh"

    @property
    def on_hosts(self) -> bool:
        """Tell whether `comfytavern deploy` does it, by SSH."""
        return self.deploy in {"ssh", "docker"}

    @property
    def family(self) -> str:
        """Return the last word of the scripts that deploy and roll back."""
        return "hosts" if self.on_hosts else self.deploy

    @property
    def checks(self) -> str:
        """Return the last word of the script that checks: hosts are looked at too, a cluster from outside."""
        return "hosts" if self.on_hosts else "site"


def render(pipeline: Pipeline) -> dict[str, str]:
    """Return the text of every file by its path in the repository."""
    match pipeline.service:
        case "github":
            files = {".github/workflows/deploy.yml": "github-deploy.yml", ".github/workflows/rollback.yml": "github-rollback.yml"}
        case "gitlab":
            files = {".gitlab-ci.yml": "gitlab-ci.yml"}
    return {path: _text(name, pipeline) for path, name in files.items()}


def _text(name: str, pipeline: Pipeline) -> str:
    engine = _engine()

    def filled(template: str, **values: str) -> str:
        return engine.get_template(template).render(**known, **values).rstrip("\n")

    def go_env(target: str, named: str) -> str:
        return _lines(_go(pipeline, target, named))

    def check_env(named: str) -> str:
        return _lines(_check(pipeline, named))

    known = {
        "p": pipeline,
        "about": ABOUT[pipeline.deploy],
        "pins": {action: f"actions/{action}@{commit} # {version}" for action, (commit, version) in PINS.items()},
        "kubectl": KUBECTL,
        "last": "build, images" if pipeline.has_images else "build",
        "script": lambda which: filled(f"pipelines/scripts/{which}.sh"),
        # GitLab runs all scripts of a job in one shell: in a shell of its own, none ends the job or changes the others.
        "apart": lambda which: "(\n" + filled(f"pipelines/scripts/{which}.sh") + "\n)",
        "prepared": lambda install: filled("pipelines/_github-prepared.yml", install=install),
        "deployment": lambda target, named: filled("pipelines/_github-deployment.yml", target=target, named=named),
        "go_env": go_env,
        "check_env": check_env,
        "told_env": _lines(_told()),
        "notify_env": _lines(_notify()),
        "id_token": pipeline.deploy == "ecs",
    }
    return filled(f"pipelines/{name}") + "\n"


def _engine() -> jinja2.Environment:
    """Return an engine whose marks mean nothing in YAML, in GitHub's expressions and in shell."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 -- YAML, not HTML; the only values are closed sets
        variable_start_string="[=",
        variable_end_string="=]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[##",
        comment_end_string="##]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _go(pipeline: Pipeline, target: str, named: str) -> dict[str, str]:
    """Return the variables of GitHub's steps that deploy and roll back: secrets by name, each only where it is needed."""
    match pipeline.deploy:
        case "ssh" | "docker":
            secrets = {name: _secret(name) for name in ("DEPLOY_SSH_KEY", "JWT_SECRET", "DATABASE_URL")}
            return {"DEPLOY_TARGET": _quoted(named), "KNOWN_HOSTS": "${{ vars.KNOWN_HOSTS }}", **secrets}
        case "kubernetes":
            place = "${{ vars.KUBE_NAMESPACE }}"
            return {"TARGET": target, "IMAGES": IMAGES, "KUBE_NAMESPACE": place, "KUBE_CONFIG": _secret("KUBE_CONFIG")}
        case "ecs":
            names = ("AWS_REGION", "AWS_ROLE_ARN", "ECS_CLUSTER", "ECS_SERVICE")
            return {"TARGET": target, "IMAGES": IMAGES, **{name: f"${{{{ vars.{name} }}}}" for name in names}}


def _check(pipeline: Pipeline, named: str) -> dict[str, str]:
    site = {"SITE_URL": "${{ vars.SITE_URL }}", "CHECK_OPTIONS": "${{ vars.CHECK_OPTIONS }}"}
    if not pipeline.on_hosts:
        return site
    return {**site, "DEPLOY_TARGET": _quoted(named), "KNOWN_HOSTS": "${{ vars.KNOWN_HOSTS }}", "DEPLOY_SSH_KEY": _secret("DEPLOY_SSH_KEY")}


def _told() -> dict[str, str]:
    return {
        "OUTCOME": "${{ job.status }}",
        "SITE_URL": "${{ vars.SITE_URL }}",
        "WHO": "${{ github.actor }}",
        "LOG_URL": LOG_URL,
        **_notify(),
    }


def _notify() -> dict[str, str]:
    mailboxes = {name: f"${{{{ vars.{name} }}}}" for name in ("NOTIFY_MAIL_FROM", "NOTIFY_MAIL_TO")}
    return {name: _secret(name) for name in NOTIFY} | mailboxes


def _secret(name: str) -> str:
    return f"${{{{ secrets.{name} }}}}"


def _quoted(text: str) -> str:
    return text or '""'


def _lines(values: dict[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in values.items())


IMAGES: Final = "${{ vars.IMAGES || format('ghcr.io/{0}', github.repository) }}"
