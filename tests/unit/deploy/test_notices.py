"""Whoever has to know is told in one sentence, once, whatever the way there is like; and no secret goes along."""

import hashlib
import hmac
import json
import time
from pathlib import Path

import pytest

from comfytavern.deploy.connectors import post as poster
from comfytavern.deploy.connectors.mail import Mail
from comfytavern.deploy.connectors.notice import Event, Notice
from comfytavern.deploy.connectors.place import NotSent
from comfytavern.deploy.connectors.service import places_of, sources_of, tell
from comfytavern.deploy.connectors.slack import Slack
from comfytavern.deploy.connectors.webhook import SIGNATURE, Webhook, signature
from comfytavern.deploy.errors import Refused
from comfytavern.deploy.spec import Notify, parse
from comfytavern.kernel.secret import Secret
from tests.unit.deploy.receivers import Hooks, Post

NOTICE = Notice(
    event=Event.DEPLOYED, release="0.2.0+1a2b3c4", target="production", url="https://tavern.example.org", who="olive", duration_s=41.4
)
FAILED = Notice(
    event=Event.FAILED, release="0.2.0+1a2b3c4", target="production", who="olive", duration_s=75, cause="The disk of one is full."
)
HOOK = Secret("https://hooks.example.org/T0/B0/very-secret-path")
TO = ("ops@example.org", "olive@example.org")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait hundredths of seconds where a pipeline waits seconds."""
    monkeypatch.setattr(poster, "PAUSES_S", (0.01, 0.02))
    monkeypatch.setattr("comfytavern.deploy.connectors.mail.PAUSE_S", 0.02)


@pytest.mark.parametrize(
    ("notice", "sentence"),
    [
        (NOTICE, "production: 0.2.0+1a2b3c4 is deployed, by olive, after 41 s (https://tavern.example.org)."),
        (FAILED, "production: 0.2.0+1a2b3c4 was not deployed, by olive, after 1 min 15 s: The disk of one is full."),
        (Notice(event=Event.ROLLED_BACK, release="0.1.0", target="staging", cause="login broken"), "staging: back to 0.1.0: login broken."),
        (Notice(event=Event.ROLLED_BACK), "back to the release before."),
        (Notice(event=Event.FAILED, cause="lint"), "a release was not deployed: lint."),
    ],
)
def test_a_notice_is_one_sentence(notice: Notice, sentence: str) -> None:
    assert notice.sentence == sentence


async def test_slack_is_told_and_nobody_is_woken_by_a_name() -> None:
    notice = Notice(event=Event.FAILED, release="<!channel>", cause="a & b")
    with Hooks() as hooks:
        await Slack(Secret(f"{hooks.url}/T0/B0/x")).send(notice, 5)
    assert hooks.taken[0].path == "/T0/B0/x"
    assert hooks.taken[0].said["text"] == ":x: &lt;!channel&gt; was not deployed: a &amp; b."


async def test_a_webhook_gets_the_notice_signed() -> None:
    with Hooks() as hooks:
        await Webhook(Secret(hooks.url), Secret("key")).send(FAILED, 5)
    taken = hooks.taken[0]
    assert taken.headers[SIGNATURE] == "sha256=" + hmac.new(b"key", taken.body, hashlib.sha256).hexdigest()
    assert taken.headers["X-ComfyTavern-Event"] == "failed"
    wanted = {"format": 1, "event": "failed", "release": "0.2.0+1a2b3c4", "target": "production", "who": "olive", "duration_s": 75}
    assert {name: taken.said[name] for name in wanted} == wanted
    assert taken.said["sentence"] == FAILED.sentence
    assert taken.said["cause"] == "The disk of one is full."


async def test_without_a_key_a_webhook_is_not_signed() -> None:
    with Hooks() as hooks:
        await Webhook(Secret(hooks.url), Secret("")).send(NOTICE, 5)
    assert SIGNATURE not in hooks.taken[0].headers


def test_another_key_or_body_gives_another_signature() -> None:
    assert len({signature(Secret(key), body) for key in ("a", "b") for body in (b"1", b"2")}) == 4


async def test_a_receiver_that_is_away_for_a_moment_gets_the_same_notice_in_the_end() -> None:
    with Hooks(503, 500, 429) as hooks:
        await Webhook(Secret(hooks.url), Secret("key")).send(NOTICE, 5)
    assert len(hooks.asked) == 4
    assert len(hooks.taken) == 1
    assert len({each.said["id"] for each in hooks.asked}) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 410, 302])
async def test_what_is_refused_is_not_tried_again_and_no_redirect_is_followed(status: int) -> None:
    with Hooks(status) as hooks, pytest.raises(NotSent) as caught:
        await Slack(Secret(hooks.url)).send(NOTICE, 5)
    assert caught.value.code == "notify.refused"
    assert len(hooks.asked) == 1


async def test_the_deadline_ends_the_trying() -> None:
    with Hooks(*[503] * 10_000) as hooks:
        begun = time.monotonic()
        with pytest.raises(NotSent) as caught:
            await Slack(Secret(f"{hooks.url}/very-secret")).send(NOTICE, 0.3)
    assert time.monotonic() - begun < 2
    assert caught.value.code == "notify.unreachable"
    assert "503" in caught.value.sentence
    assert "very-secret" not in f"{caught.value.sentence}{caught.value.hint}"


@pytest.mark.parametrize("address", ["not an address", "ftp://example.org/x", "http://[::1", "", "https://"])
async def test_an_address_that_is_none_is_said_at_once(address: str) -> None:
    begun = time.monotonic()
    with pytest.raises(NotSent) as caught:
        await Slack(Secret(address)).send(NOTICE, 30)
    assert caught.value.code == "notify.address"
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_mail_goes_over_tls_with_a_login(tls: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Post(tls=tls, user="olive", password="p4ss", folder=tmp_path) as post:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        await Mail(Secret(post.url), "tavern@example.org", TO).send(FAILED, 5)
    mail = post.mails[0]
    assert mail["Subject"] == "production: 0.2.0+1a2b3c4 was not deployed"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_payload(decode=True) == f"{FAILED.sentence}\r\n".encode()
    assert post.to == [list(TO)]


async def test_a_certificate_that_nobody_trusts_is_not_trusted(tmp_path: Path) -> None:
    with Post(tls="starttls", folder=tmp_path) as post, pytest.raises(NotSent) as caught:
        await Mail(Secret(post.url), "tavern@example.org", TO).send(NOTICE, 5)
    assert "certificate is not trusted" in caught.value.sentence
    assert post.mails == []


async def test_a_server_without_starttls_gets_nothing() -> None:
    with Post() as post, pytest.raises(NotSent) as caught:
        await Mail(Secret(post.url.replace("smtp+plain", "smtp")), "tavern@example.org", TO).send(NOTICE, 5)
    assert caught.value.code == "notify.mail"
    assert post.mails == []


async def test_a_wrong_password_is_said_without_the_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Post(tls="starttls", user="olive", password="right", folder=tmp_path) as post:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        with pytest.raises(NotSent) as caught:
            await Mail(Secret(post.url.replace("right", "wr0ng-one")), "tavern@example.org", TO).send(NOTICE, 5)
    assert caught.value.code == "notify.login"
    assert "wr0ng" not in f"{caught.value.sentence}{caught.value.hint}"


async def test_a_password_never_crosses_a_network_in_the_clear() -> None:
    with pytest.raises(NotSent) as caught:
        await Mail(Secret("smtp+plain://olive:secret@mail.example.org"), "tavern@example.org", TO).send(NOTICE, 5)
    assert caught.value.code == "notify.plain"


async def test_mail_that_is_put_off_is_tried_again_and_mail_that_is_refused_is_not() -> None:
    with Post(answers=["451 Later"]) as post:
        await Mail(Secret(post.url), "tavern@example.org", TO).send(NOTICE, 5)
    assert len(post.mails) == 1
    with Post(answers=["554 No"]) as post, pytest.raises(NotSent) as caught:
        await Mail(Secret(post.url), "tavern@example.org", TO).send(NOTICE, 5)
    assert "554" in caught.value.sentence
    assert post.mails == []


@pytest.mark.parametrize("sender", ["tavern@example.org\nBcc: evil@example.org", "tavern\r@x"])
async def test_a_mailbox_with_line_ends_brings_no_header_in(sender: str) -> None:
    with Post() as post, pytest.raises(NotSent) as caught:
        await Mail(Secret(post.url), sender, TO).send(NOTICE, 5)
    assert caught.value.code == "notify.mailbox"
    assert post.mails == []


async def test_one_place_that_is_broken_keeps_no_other_from_being_told() -> None:
    with Hooks(404) as broken, Hooks() as hooks, Post() as post:
        places = [Slack(Secret(broken.url)), Webhook(Secret(hooks.url), Secret("key")), Mail(Secret(post.url), "tavern@example.org", TO)]
        problems = await tell(NOTICE, places, 5)
    assert [problem.code for problem in problems] == ["notify.refused"]
    assert problems[0].message.startswith("Slack was not told: It was refused with 404.")
    assert len(hooks.taken) == len(post.mails) == 1


def test_a_notice_is_cleaned_of_secrets_line_ends_and_length() -> None:
    notice = Notice(event=Event.FAILED, cause=f"the key hunter2hunter2 is\nwrong {'x' * 2000}", release="a\r\nb")
    clean = notice.cleaned(lambda text: text.replace("hunter2hunter2", "[redacted]"))
    assert clean.cause.startswith("the key [redacted] is wrong x")
    assert len(clean.cause) == 500
    assert clean.release == "a b"
    assert clean.id == notice.id


def test_places_come_from_the_spec_by_their_sources() -> None:
    text = '[hosts.one]\naddress = "192.0.2.1"\n[notify]\nslack = "env:A"\nwebhook = "file:b"\nwebhook_key = "cmd:c"\nmail = "env:D"\nmail_from = "a@b"\nmail_to = ["c@d"]\n'
    notify = parse(text).notify
    assert notify
    assert sources_of(notify) == {
        "notify.slack": "env:A",
        "notify.webhook": "file:b",
        "notify.webhook_key": "cmd:c",
        "notify.mail": "env:D",
    }
    assert [place.name for place in places_of(notify, dict.fromkeys(sources_of(notify), HOOK))] == ["Slack", "the webhook", "mail"]
    assert places_of(Notify(), {}) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('slack = "https://hooks.slack.com/services/T0/B0/x"', "notify.slack"),
        ('mail = "env:MAIL"', "mail needs mail_from and mail_to"),
        ('events = ["exploded"]', "notify.events"),
        ('slak = "env:A"', "did you mean slack?"),
    ],
)
def test_a_mistake_in_notify_is_said_with_its_line(line: str, said: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(f'[hosts.one]\naddress = "192.0.2.1"\n[notify]\n{line}\n')
    assert len(caught.value.problems) == 1
    assert said in caught.value.problems[0].message
    assert "line 4" in caught.value.problems[0].message


def test_the_document_is_the_same_for_the_same_notice() -> None:
    assert NOTICE.document() == NOTICE.document()
    assert json.loads(NOTICE.document())["at"]
