"""The net around pipelines is tight: a mistake, one at a time, is caught by the schema, by actionlint or by the rule that is named with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from comfytavern.deploy.render.pipelines import PINS, WAYS, Pipeline, render
from tests.golden.deploy import pipeline_rules, validators
from tests.golden.deploy.test_validators import ask

pytestmark = pytest.mark.slow

DEPLOY, ROLLBACK = (render(Pipeline("github", "docker"))[f".github/workflows/{name}.yml"] for name in ("deploy", "rollback"))
GITLAB: Final = render(Pipeline("gitlab", "docker"))[".gitlab-ci.yml"]
CHECKOUT: Final = f"actions/checkout@{PINS['checkout'][0]} # {PINS['checkout'][1]}"


@dataclass(frozen=True)
class Mistake:
    """`old` is `new` in every place where it stands in `text`; `words` are in what is said of it."""

    old: str
    new: str
    words: str = ""
    text: str = DEPLOY

    @property
    def made(self) -> str:
        assert self.old in self.text, f"{self.old!r} is not there"
        return self.text.replace(self.old, self.new)


AGAINST_THE_SCHEMA: Final = {
    "a job without a machine": Mistake("    runs-on: ubuntu-24.04\n", ""),
    "a key that is none": Mistake("    steps:\n", "    stepps:\n"),
    "an event that is none": Mistake("workflow_dispatch:", "workflow_dispatched:"),
    "a right that is none": Mistake("contents: read", "content: read"),
    "a timeout in words": Mistake("timeout-minutes: 60", "timeout-minutes: an hour"),
    "a step that does two things": Mistake("      - name: Deploy\n", "      - name: Deploy\n        uses: actions/checkout@v7\n"),
    "indentation lost": Mistake("    permissions:\n      contents: read\n    steps:", "    permissions:\n    contents: read\n    steps:"),
    "a lock that is no group": Mistake("cancel-in-progress: false", "cancel-in-progress: perhaps"),
}
SAID_BY_ACTIONLINT: Final = {
    "a machine that is none": Mistake("ubuntu-24.04", "ubunto-24.04", "runner-label"),
    "a job that waits for none": Mistake("needs: [gate]", "needs: [gates]", "gates"),
    "jobs that wait for each other": Mistake("needs: [build]", "needs: [production]", "cyclic"),
    "a context that is none": Mistake("${{ vars.SITE_URL }}", "${{ var.SITE_URL }}", "undefined variable"),
    "an input that is none": Mistake("${{ inputs.release }}", "${{ inputs.relase }}", "relase", ROLLBACK),
    "an expression that never ends": Mistake("${{ secrets.RELEASE_KEY }}", "${{ secrets.RELEASE_KEY }", "expression"),
    "a property that is none": Mistake("${{ job.status }}", "${{ job.state }}", "state"),
    "a function that is none": Mistake("hashFiles(", "hashOf(", "hashOf"),
    "a branch called by a stranger in a script": Mistake('echo "Production may follow."', "echo ${{ github.head_ref }}", "potentially untrusted"),
    "a shell that is none": Mistake("shell: bash", "shell: bsh", "bsh"),
    "an input of an action that is none": Mistake(f"uses: {CHECKOUT}\n        with:\n          persist-credentials: false", "uses: actions/checkout@v4\n        with:\n          persist-credential: false", "persist-credential"),
}  # fmt: skip
AGAINST_A_RULE: Final = {
    "an action by its tag": Mistake(CHECKOUT, "actions/checkout@v7 # v7.0.1", "not pinned"),
    "a commit without its version": Mistake(CHECKOUT, CHECKOUT.partition(" ")[0], "no version"),
    "a short commit": Mistake(CHECKOUT, f"actions/checkout@{PINS['checkout'][0][:7]} # v7.0.1", "not pinned"),
    "a workflow that may write": Mistake("permissions: {}\n\nconcurrency", "permissions: write-all\n\nconcurrency", "more than read"),
    "a job that may write": Mistake("      contents: read\n      packages: write", "      contents: write\n      packages: write", "may contents: write"),
    "a job that does not say what it may": Mistake("    permissions:\n      contents: read\n    steps", "    steps", "does not say"),
    "no timeout": Mistake("    timeout-minutes: 60\n", "", "no timeout"),
    "two deployments at once": Mistake("      group: deploy-production\n", "      group: ${{ github.run_id }}\n", "at once"),
    "a deployment cut off": Mistake("group: deploy-staging\n      cancel-in-progress: false", "group: deploy-staging\n      cancel-in-progress: true", "cut off"),
    "a rollback beside a deployment": Mistake("group: deploy-${{ inputs.target }}", "group: rollback", "at once", ROLLBACK),
    "a token left in the checkout": Mistake("persist-credentials: false", "persist-credentials: true", "leaves a token"),
    "an input pasted into a script": Mistake('"${RELEASE:-}" =~', '"${{ inputs.release }}" =~', "pasted", ROLLBACK),
    "strangers' pull requests with secrets": Mistake("  pull_request:\n", "  pull_request_target:\n", "stranger"),
    "a secret in the log": Mistake("          rm -rf dist/ci\n", "          rm -rf dist/ci\n          echo $RELEASE_KEY\n", "RELEASE_KEY could be seen"),
    "a password as an argument": Mistake("printf '%s' \"$REGISTRY_TOKEN\" | docker login \"$REGISTRY\" --username \"$REGISTRY_USER\" --password-stdin", 'docker login -u "$REGISTRY_USER" -p "$REGISTRY_TOKEN" "$REGISTRY"', "REGISTRY_TOKEN could be seen"),
    "every line in the log": Mistake("          set -euo pipefail\n          comfytavern", "          set -euxo pipefail\n          comfytavern", "in the log"),
    "all variables in the log": Mistake('echo "Production may follow."', "env", "in the log"),
    "a script that goes on after a failure": Mistake("          set -euo pipefail\n          make .venv", "          cd .\n          make .venv", "would not stop"),
}  # fmt: skip
AGAINST_GITLABS_SCHEMA: Final = {
    "a key that is none": Mistake("  resource_group:", "  ressource_group:", text=GITLAB),
    "a moment that is none": Mistake("when: manual", "when: by_hand", text=GITLAB),
    "rules that are none": Mistake("  rules: *main\n", "  rules: main\n", text=GITLAB),
    "an anchor that is none": Mistake("&main", "&mine", text=GITLAB),
    "stages that are no list": Mistake("stages: [verify, build, staging, production, rollback]", "stages: verify", text=GITLAB),
    "artifacts without a path": Mistake("    paths: [dist/ci]\n", "    path: [dist/ci]\n", text=GITLAB),
    "a script that is none": Mistake("  script:\n", "  scripts:\n", text=GITLAB),
    "a cache of a word": Mistake("    paths: [.cache]", "    paths: .cache", text=GITLAB),
    "a policy that is none": Mistake("interruptible: false", "interruptible: never", text=GITLAB),
}
AGAINST_A_RULE_FOR_GITLAB: Final = {
    "two deployments at once": Mistake("  resource_group: production\n", "", "at once", GITLAB),
    "a rollback beside a deployment": Mistake("  resource_group: staging\n", "  resource_group: rollback\n", "at once", GITLAB),
    "a deployment cut off": Mistake("  interruptible: false\n", "", "cut off", GITLAB),
    "nobody asked": Mistake("      when: manual\n  allow_failure: false", "      when: on_success\n  allow_failure: false", "nobody is asked", GITLAB),
    "a gate that stops nothing": Mistake("  allow_failure: false\n", "  allow_failure: true\n", "nobody is asked", GITLAB),
    "an image of any version": Mistake("image: node:22-bookworm", "image: node", "no version", GITLAB),
    "the latest image": Mistake("image: docker:28", "image: docker:latest", "no version", GITLAB),
    "no timeout": Mistake("  timeout: 1h\n", "", "no timeout", GITLAB),
    "nobody told": Mistake("  after_script:\n", "  before_script:\n", "nobody is told", GITLAB),
    "a secret in the file": Mistake("    DOCKER_TLS_CERTDIR: /certs\n", "    DOCKER_TLS_CERTDIR: /certs\n    RELEASE_KEY: abc\n", "RELEASE_KEY stands there", GITLAB),
    "a secret in the log": Mistake("      rm -rf dist/ci\n", '      rm -rf dist/ci\n      echo "key: ${RELEASE_KEY}"\n', "RELEASE_KEY could be seen", GITLAB),
    "a key as an argument": Mistake("printf '%s\\n' \"$DEPLOY_SSH_KEY\" | ssh-add -q -", 'ssh-add -q <(echo "$DEPLOY_SSH_KEY")', "DEPLOY_SSH_KEY could be seen", GITLAB),
    "a script that goes on after a failure": Mistake("      set -euo pipefail\n      make .venv", "      cd .\n      make .venv", "would not stop", GITLAB),
}  # fmt: skip


@pytest.mark.parametrize(("service", "mistakes"), [("github", AGAINST_THE_SCHEMA), ("gitlab", AGAINST_GITLABS_SCHEMA)])
def test_a_mistake_is_caught_by_the_schema(service: str, mistakes: dict[str, Mistake], tmp_path: Path) -> None:
    said = validators.pipeline_schema([mistake.made for mistake in mistakes.values()], service, tmp_path)
    assert [name for name, each in zip(mistakes, said, strict=True) if not each] == []


def test_actionlint_has_nothing_to_say_but_against_mistakes(tmp_path: Path) -> None:
    ask("actionlint")
    good = [text for way in WAYS for text in render(Pipeline("github", way)).values()]
    said = validators.actionlint([*good, *(mistake.made for mistake in SAID_BY_ACTIONLINT.values())], tmp_path)
    assert said[: len(good)] == [[] for _ in good]
    for (name, mistake), each in zip(SAID_BY_ACTIONLINT.items(), said[len(good) :], strict=True):
        assert each, name
        assert mistake.words in " ".join(each), f"{name}: {each}"


@pytest.mark.parametrize("name", AGAINST_A_RULE)
def test_a_mistake_is_against_a_rule(name: str) -> None:
    said = pipeline_rules.github(AGAINST_A_RULE[name].made)
    assert said
    assert AGAINST_A_RULE[name].words in " ".join(said)


@pytest.mark.parametrize("name", AGAINST_A_RULE_FOR_GITLAB)
def test_a_mistake_for_gitlab_is_against_a_rule(name: str) -> None:
    said = pipeline_rules.gitlab(AGAINST_A_RULE_FOR_GITLAB[name].made)
    assert said
    assert AGAINST_A_RULE_FOR_GITLAB[name].words in " ".join(said)


def test_a_mistake_in_a_script_is_caught_by_its_shell() -> None:
    assert validators.shell("if [ -f x ]; then\n  echo", "bash")
    assert validators.shell("a=(1 2)\n", "sh"), "an array is for bash alone"
