"""What GitHub and GitLab do with a pipeline, as far as ours need it: jobs in their order, steps by their conditions, variables by name.

    done = GitHub(ground, settings).run(text, "production")
    assert done["production"].outcome == "success"

The text of a script is run as it stands in the rendered file, by the shell the service takes, with the variables it is given there and
no others. Left out is what a service does before: a machine, Python, Node, caches. Anything this does not know is an error, not a guess.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from tests.golden.deploy.pipeline_rules import Loader
from tests.lab.fleet import ROOT

SET_UP: Final = frozenset({"actions/setup-python", "actions/setup-node", "actions/cache"})
NOT_LINKED: Final = frozenset({".git", "dist", "deploy.toml", "allowed_signers", "kubernetes", "ecs"})
INSTALLED: Final = {".venv": ".dev", "web/node_modules": ".stamp"}
MOUNT: Final = 'for each in .venv web/node_modules; do mount --bind "$1/$each" "$each"; done; shift; exec "$@"'
"""A clone sees the packages that are installed here, at its own path."""
EXPRESSION: Final = re.compile(r"\$\{\{(.*?)\}\}")
Execute = Callable[[Sequence[str], Mapping[str, str], Path], "subprocess.CompletedProcess[str]"]


@dataclass
class Done:
    """One job that ended."""

    outcome: str
    log: str = ""
    folder: Path = Path()
    """Its workspace."""


@dataclass
class Ground:
    """Where jobs run: a folder of theirs, what is in a checkout besides ours, and how a command is run."""

    folder: Path
    files: Mapping[str, str]
    """Files of the fork's own, such as deploy.toml, by their path."""
    execute: Execute
    path: str = ""
    """Comes before PATH: stand-ins for programs."""
    clone: bool = False
    """A clone of the last commit (needs root), instead of links to what is here."""
    more: Mapping[str, str] = field(default_factory=dict)
    """Variables that a machine of a service has by itself."""

    def checkout(self, workspace: Path) -> None:
        """Make the workspace of a job. Packages are those that are installed here."""
        if self.clone:
            subprocess.run(["git", "clone", "-q", "--shared", ROOT, workspace], check=True)
            for name, stamp in INSTALLED.items():
                assert (ROOT / name / stamp).exists(), "install first: a job must not install anew what is lent to it"
                (workspace / name).mkdir()
            for name in ("requirements/dev.txt", "web/package-lock.json"):  # not newer than what was installed from them
                os.utime(workspace / name, (0, 0))
        else:
            workspace.mkdir(parents=True)
            for each in ROOT.iterdir():
                if each.name not in NOT_LINKED:
                    (workspace / each.name).symlink_to(each)
        for name, text in self.files.items():
            (workspace / name).parent.mkdir(parents=True, exist_ok=True)
            (workspace / name).write_text(text)

    def run(self, script: str, shell: Sequence[str], workspace: Path, env: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        """Run a script in a workspace with these variables and no others of ours."""
        home, temporary = workspace.parent / f"{workspace.name}-home", workspace.parent / f"{workspace.name}-tmp"
        for folder in (home, temporary):
            folder.mkdir(exist_ok=True)
        file = workspace.parent / f"{workspace.name}.sh"
        file.write_text(script)
        path = f"{self.path}:{os.environ['PATH']}" if self.path else os.environ["PATH"]
        own = {"PATH": path, "HOME": str(home), "TMPDIR": str(temporary), "PYTHONPATH": str(workspace / "src"), "LANG": "C.UTF-8"}
        there = ("unshare", "-m", "--propagation", "private", "sh", "-c", MOUNT, "sh", str(ROOT)) if self.clone else ()
        return self.execute([*there, *shell, str(file)], {**own, **self.more, **env}, workspace)

    def left_behind(self, workspace: Path) -> list[str]:
        """Return the files that a job has left where it keeps keys for a moment."""
        return [str(path) for path in (workspace.parent / f"{workspace.name}-tmp").rglob("*") if path.is_file()]


@dataclass
class Settings:
    """What somebody has typed into the settings of the service: for all jobs, and for those of an environment."""

    secrets: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    environments: Mapping[str, "Settings"] = field(default_factory=dict)

    def of(self, environment: str) -> "Settings":
        """Return what a job of an environment sees."""
        inner = self.environments.get(environment, Settings())
        return Settings({**self.secrets, **inner.secrets}, {**self.variables, **inner.variables})


class Context(dict[str, Any]):
    """A context of expressions: what is not there is empty, as GitHub has it."""

    def __getattr__(self, name: str) -> Any:
        return self.get(name, "")


class GitHub:
    """Runs workflows of GitHub Actions."""

    def __init__(self, ground: Ground, settings: Settings, *, event: str = "push") -> None:
        """Take the ground and the repository's settings."""
        self._ground = ground
        self._settings = settings
        self._github = Context(event_name=event, actor="olive", repository="Olive/Tavern", server_url="https://github.test", run_id="7", sha="1a2b3c4" * 5, ref="refs/heads/main", workflow="Deploy", token="gh-token")  # fmt: skip
        self.artifacts = ground.folder / "artifacts"
        self._count = 0

    def run(self, text: str, *jobs: str, inputs: Mapping[str, str] | None = None) -> dict[str, Done]:
        """Run jobs of a workflow (all, when none is named) and return how each ended."""
        tree = yaml.load(text, Loader)
        done: dict[str, Done] = {}
        for name, job in tree["jobs"].items():
            if jobs and name not in jobs:
                continue
            needs = [done[each].outcome for each in job.get("needs", []) if each in done]
            failed, all_well = "failure" in needs, all(each == "success" for each in needs)
            wanted = self._asked(job["if"], {"failed": failed}, inputs) if "if" in job else all_well
            if "if" in job and "failure()" not in job["if"] and not all_well:
                wanted = False
            done[name] = self._job(job, inputs or {}) if wanted else Done("skipped")
        return done

    def _job(self, job: dict[str, Any], inputs: Mapping[str, str]) -> Done:
        self._count += 1
        workspace = self._ground.folder / f"job{self._count}"
        environment = self._filled((job.get("environment") or {}).get("name", ""), {}, inputs)
        known = {"settings": self._settings.of(environment), "failed": False}
        done = Done("success", folder=workspace)
        for step in job["steps"]:
            condition = step.get("if", "")
            if done.outcome == "failure" and not (condition and self._asked(condition, known, inputs)):
                continue
            if "uses" in step:
                self._action(step, workspace)
                continue
            env = {name: self._filled(value, known, inputs) for name, value in step.get("env", {}).items()}
            workspace.mkdir(exist_ok=True)
            ended = self._ground.run(step["run"], ("bash", "--noprofile", "--norc", "-eo", "pipefail"), workspace, env)
            done.log += f"## {step['name']}\n{ended.stdout}{ended.stderr}"
            if ended.returncode and step.get("continue-on-error") != "true":
                done.outcome, known["failed"] = "failure", True
        return done

    def _action(self, step: dict[str, Any], workspace: Path) -> None:
        given, name = step.get("with", {}), step["uses"].partition("@")[0]
        if name in SET_UP:
            return
        match name:
            case "actions/checkout":
                self._ground.checkout(workspace)
            case "actions/upload-artifact":
                found = [path for line in given["path"].split() for path in workspace.glob(line)]
                assert found, f"{given['path']} is not there"
                for path in found:
                    _copied(path, self.artifacts / given["name"])
            case "actions/download-artifact":
                _copied(self.artifacts / given["name"], workspace / given["path"])
            case _:
                raise ValueError(f"{name} is not known here")

    def _filled(self, value: str, known: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
        return EXPRESSION.sub(lambda found: str(self._value(found[1], known, inputs)), str(value))

    def _asked(self, condition: str, known: Mapping[str, Any], inputs: Mapping[str, str] | None) -> bool:
        return bool(self._value(condition.removeprefix("${{").removesuffix("}}"), known, inputs or {}))

    def _value(self, text: str, known: Mapping[str, Any], inputs: Mapping[str, str]) -> Any:
        """Return what an expression is worth. Ours have no operator that Python reads otherwise, once they are spelt its way."""
        settings: Settings = known.get("settings", self._settings)
        failed = bool(known.get("failed"))
        names = {
            "secrets": Context(settings.secrets),
            "vars": Context(settings.variables),
            "inputs": Context(inputs),
            "github": self._github,
            "job": Context(status="failure" if failed else "success"),
            "always": lambda: True,
            "failure": lambda: failed,
            "format": str.format,
        }
        return eval(text.strip().replace("&&", " and ").replace("||", " or "), {"__builtins__": {}}, names)


class GitLab:
    """Runs pipelines of GitLab CI."""

    def __init__(self, ground: Ground, settings: Settings) -> None:
        """Take the ground and the project's settings."""
        self._ground = ground
        self._settings = settings
        self.artifacts = ground.folder / "artifacts"
        self._count = 0

    def run(self, text: str, *jobs: str, typed: Mapping[str, str] | None = None) -> dict[str, Done]:
        """Run jobs of a pipeline, each started by hand where it has to be, and return how each ended."""
        tree = yaml.load(text, Loader)
        return {name: self._job(name, tree[name], tree["variables"], typed or {}) for name in jobs}

    def _job(self, name: str, job: dict[str, Any], common: Mapping[str, str], typed: Mapping[str, str]) -> Done:
        self._count += 1
        workspace = self._ground.folder / f"job{self._count}"
        self._ground.checkout(workspace)
        for need in job.get("needs", []):
            if (self.artifacts / need).is_dir():
                _copied(self.artifacts / need, workspace)
        seen = self._settings.of((job.get("environment") or {}).get("name", ""))
        given = {"CI_PROJECT_DIR": str(workspace), "CI_COMMIT_SHA": "1a2b3c4" * 5, "CI_JOB_URL": "https://gitlab.test/7", "GITLAB_USER_LOGIN": "olive", "CI_REGISTRY": "registry.gitlab.test", "CI_REGISTRY_IMAGE": "registry.gitlab.test/olive/tavern", "CI_REGISTRY_USER": "ci", "CI_REGISTRY_PASSWORD": "registry-token", **seen.variables, **seen.secrets}  # fmt: skip
        for key, value in {**common, **job.get("variables", {})}.items():
            given[key] = re.sub(r"\$(\w+)", lambda found: given.get(found[1], ""), value)
        given["COMFYTAVERN_CACHE"] = str(self._ground.more.get("COMFYTAVERN_CACHE", given["COMFYTAVERN_CACHE"]))
        given |= typed
        shell = ("bash", "--noprofile", "--norc")
        ended = self._ground.run("set -eo pipefail\n" + "\n".join(job["script"]), shell, workspace, given)
        outcome = "failed" if ended.returncode else "success"
        after = self._ground.run("\n".join(job.get("after_script", [])), shell, workspace, given | {"CI_JOB_STATUS": outcome})
        for path in job.get("artifacts", {}).get("paths", []):
            if (workspace / path).exists():
                _copied(workspace / path, self.artifacts / name / (path if (workspace / path).is_dir() else str(Path(path).parent)))
        return Done(outcome, ended.stdout + ended.stderr + after.stdout + after.stderr, workspace)


def _copied(source: Path, target: Path) -> None:
    """Copy a folder's content, or a file into a folder."""
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, copy_function=_linked)
    else:
        target.mkdir(parents=True, exist_ok=True)
        _linked(source, target / source.name)


def _linked(source: Any, target: Any) -> None:
    """Link where that is possible: a release has many megabytes, and no job edits what another made."""
    Path(target).unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
