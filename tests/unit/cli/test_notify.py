"""`comfytavern notify`, and what `deploy apply` tells by itself: through the door, with receivers that are real."""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from comfytavern.cli.notifying import Story, announced
from comfytavern.deploy.errors import DeployFailed
from comfytavern.deploy.spec import Spec, parse
from comfytavern.deploy.stage import Phase, Plan, Stage, Step
from comfytavern.kernel.secret import Secret
from tests.unit.deploy.receivers import Hooks, Post

CANARY = "canary-7c1f0d9a5b"
STEP = Step(host="one", verb="flip", args={}, title="Flip")
DONE = Plan(
    deploy="dep_1",
    kind="deploy",
    release="0.2.0",
    strategy="blue_green",
    hosts=("one",),
    stages=(Stage(name="flip", title="Flip", phase=Phase.SWITCH, steps=(STEP,)),),
)
NOTHING = msgspec.structs.replace(DONE, stages=())


def notify(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `comfytavern notify …` with these variables and no other NOTIFY_…."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFY_")}
    return subprocess.run(
        [sys.executable, "-m", "comfytavern", "notify", *words], env=clean | env, capture_output=True, text=True, timeout=60
    )


def test_the_variables_of_a_pipeline_say_who_is_told(tmp_path: Path) -> None:
    log = tmp_path / "deploy.log"
    log.write_text(f"Sending …\nError: The first. (x.y)\nError: No room for {CANARY} on one. (deploy.disk)\nFree some.\n")
    with Hooks() as slack, Hooks() as hook, Post() as post:
        env = {"NOTIFY_SLACK": f"{slack.url}/{CANARY}", "NOTIFY_WEBHOOK": hook.url, "NOTIFY_WEBHOOK_KEY": CANARY}
        env |= {"NOTIFY_MAIL": post.url, "NOTIFY_MAIL_FROM": "tavern@example.org", "NOTIFY_MAIL_TO": "a@example.org, b@example.org"}
        done = notify(
            "failed", "--release", "0.2.0", "--target", "staging", "--who", "olive", "--duration", "12.4", "--log", str(log), **env
        )
    assert done.returncode == 0, done.stderr
    sentence = "staging: 0.2.0 was not deployed, by olive, after 12 s: No room for [redacted] on one. (deploy.disk)."
    assert done.stdout == f"{sentence}\n"
    assert slack.taken[0].said["text"] == f":x: {sentence}"
    assert hook.taken[0].said["sentence"] == sentence
    assert post.to == [["a@example.org", "b@example.org"]]
    told = done.stdout + done.stderr + slack.taken[0].body.decode() + hook.taken[0].body.decode() + post.mails[0].as_string()
    assert CANARY not in told


def test_without_a_place_nobody_is_told_and_nothing_fails() -> None:
    done = notify("deployed", "--release", "0.2.0", "--json")
    assert done.returncode == 0
    assert "Nobody is told" in done.stderr
    assert json.loads(done.stdout)["event"] == "deployed"


def test_a_place_that_cannot_be_told_is_named_and_the_exit_code_says_so() -> None:
    with Hooks(404) as slack:
        done = notify("deployed", "--release", "0.2.0", NOTIFY_SLACK=f"{slack.url}/{CANARY}")
    assert done.returncode == 1
    assert "Slack was not told: It was refused with 404." in done.stderr
    assert CANARY not in done.stderr + done.stdout


def test_mail_without_mailboxes_is_refused_with_the_names_of_the_variables() -> None:
    done = notify("deployed", NOTIFY_MAIL="smtp://mail.example.org")
    assert done.returncode == 1
    assert "NOTIFY_MAIL_FROM" in done.stderr


@pytest.mark.slow
def test_a_deploy_toml_says_who_is_told_of_its_targets(tmp_path: Path) -> None:
    with Hooks() as production, Hooks() as staging:
        for name, hooks in (("production", production), ("staging", staging)):
            (tmp_path / name).write_text(hooks.url)
        file = tmp_path / "deploy.toml"
        file.write_text(
            '[hosts.one]\naddress = "192.0.2.1"\n[notify]\nwebhook = "file:production"\n[target.staging.notify]\nwebhook = "file:staging"\n'
        )
        for target in ("production", "staging"):
            assert notify("deployed", "--target", target, "--file", str(file)).returncode == 0
    assert [each.said["target"] for each in (*production.taken, *staging.taken)] == ["production", "staging"]


def spec_with(url: str, more: str = "") -> Spec:
    os.environ["TOLD"] = url
    return parse(
        f'name = "tavern"\ndomain = "tavern.example.org"\n[hosts.one]\naddress = "192.0.2.1"\n[notify]\nwebhook = "env:TOLD"\n{more}'
    )


@pytest.mark.parametrize(("back", "event"), [(False, "deployed"), (True, "rolled_back")])
async def test_a_deployment_tells_how_it_ended(back: bool, event: str, tmp_path: Path) -> None:
    with Hooks() as hooks:
        async with announced(spec_with(hooks.url), tmp_path / "deploy.toml", "", {}, back=back) as story:
            story.begin("0.2.0")
            story.end(DONE)
    said = hooks.taken[0].said
    assert (said["event"], said["release"], said["target"], said["url"]) == (event, "0.2.0", "tavern", "http://tavern.example.org")


async def test_a_failure_is_told_with_its_cause_and_without_its_secrets(tmp_path: Path) -> None:
    failure = DeployFailed("deploy.step", f"The database refuses {CANARY}.")

    async def failing(url: str) -> None:
        async with announced(spec_with(url), tmp_path / "deploy.toml", "staging", {"DATABASE_URL": Secret(CANARY)}, back=False) as story:
            story.begin("0.2.0")
            raise failure

    with Hooks() as hooks, pytest.raises(DeployFailed) as caught:
        await failing(hooks.url)
    assert caught.value is failure
    assert (hooks.taken[0].said["event"], hooks.taken[0].said["cause"]) == ("failed", "The database refuses [redacted].")
    assert hooks.taken[0].said["target"] == "staging"


def nothing_begun(_: Story) -> None:
    """As a dry run does."""


def nothing_changed(story: Story) -> None:
    """As deploying what serves does."""
    story.begin("0.2.0")
    story.end(NOTHING)


def changed(story: Story) -> None:
    story.begin("0.2.0")
    story.end(DONE)


@pytest.mark.parametrize(
    ("happens", "more", "wanted"),
    [(nothing_begun, "", True), (nothing_changed, "", True), (changed, 'events = ["failed"]', True), (changed, "", False)],
)
async def test_no_news_is_not_told(happens: object, more: str, wanted: bool, tmp_path: Path) -> None:
    assert callable(happens)
    with Hooks() as hooks:
        async with announced(spec_with(hooks.url, more), tmp_path / "deploy.toml", "", {}, back=False, wanted=wanted) as story:
            happens(story)
    assert hooks.asked == []


async def test_a_deployment_that_cannot_be_told_is_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Hooks(403) as hooks:
        async with announced(spec_with(hooks.url), tmp_path / "deploy.toml", "", {}, back=False) as story:
            changed(story)
    assert "Warning: the webhook was not told: It was refused with 403." in capsys.readouterr().err
    spec = spec_with("")
    del os.environ["TOLD"]
    async with announced(spec, tmp_path / "deploy.toml", "", {}, back=False) as story:
        changed(story)
    assert "Nobody will be told how this ends: notify.webhook cannot be read from env:TOLD: it is empty." in capsys.readouterr().err
