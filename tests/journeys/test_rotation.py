"""A secret is renewed: what was signed before is good as long as the old secret is kept, and not longer. Cookies never notice."""

import time
from pathlib import Path

import httpx
import pytest

from comfytavern.settings.rotate import drop_previous, rotate
from tests.server import Server, free_port

SECRET = "aF3kN7v0qfW3mZt8RyLx2Hc5uJdPbS9aGeT1oXi4"


def state(server: Server, token: str, cookie: httpx.Client) -> tuple[int, int]:
    bearer = server.client(headers={"Authorization": f"Bearer {token}"})
    return bearer.get("/api/session").status_code, cookie.get("/api/session").status_code


@pytest.mark.parametrize("name", ["JWT_SECRET", pytest.param("SESSION_SECRET", marks=pytest.mark.long)])
def test_nobody_is_logged_out_by_a_rotation(tmp_path: Path, name: str) -> None:
    file = tmp_path / ".env"
    file.write_text(f"{name}={SECRET}\n")
    with Server(tmp_path) as server:
        cookie, token = server.owner(), server.token()
        assert state(server, token, cookie) == (200, 200)
        rotate(file)
        server.stop()
        server.start()
        assert state(server, token, cookie) == (200, 200)
        newer = server.token()
        drop_previous(file)
        server.stop()
        server.start()
        assert state(server, token, cookie) == (401, 200)
        assert state(server, newer, cookie) == (200, 200)
        assert SECRET not in server.printed()


def test_a_saved_key_opens_after_the_overlap(tmp_path: Path) -> None:
    """Bug: saved keys of models were lost with the earlier secret, unless they were entered again before."""
    file = tmp_path / ".env"
    file.write_text(f"JWT_SECRET={SECRET}\n")
    with Server(tmp_path) as server:
        owner = server.owner()
        address = f"http://127.0.0.1:{free_port()}/v1"
        made = owner.post(
            "/api/channels", json={"name": "House", "provider": "openai-compatible", "base_url": address, "key": "sk-saved"}
        ).json()

        def said() -> str:
            problem = owner.post(f"/api/channels/{made['id']}/test").json()["problem"]
            return str(problem["code"])

        assert said() == "llm.unreachable", "it was opened; nobody is at that address"
        rotate(file)
        server.stop()
        server.start()
        until = time.monotonic() + 60
        while "1 channels are sealed with the newest JWT_SECRET" not in server.printed():
            assert time.monotonic() < until, server.printed()[-3000:]
            time.sleep(0.1)
        drop_previous(file)
        server.stop()
        server.start()
        assert said() == "llm.unreachable"
        file.write_text(f"JWT_SECRET={SECRET}\n")
        server.stop()
        server.start()
        assert said() == "llm.key_unreadable"
        assert "“House”" in server.printed()


def test_a_key_given_by_the_environment_makes_a_channel_of_the_owner_and_is_never_shown(tmp_path: Path) -> None:
    key = "sk-planted-in-the-environment"
    with Server(tmp_path, OPENAI_API_KEY=key) as server:
        owner = server.owner()
        (channel,) = owner.get("/api/channels").json()["items"]
        assert (channel["id"], channel["name"], channel["has_key"]) == ("chn_openai", "OpenAI", True)
        assert server.member("Ann").get("/api/channels").json()["items"] == []
        assert owner.patch(
            f"/api/channels/{channel['id']}", json={"name": "Ours", "models": [{"name": "m", "capabilities": ["chat"]}]}
        ).is_success
        assert "chn_openai/m" in [model["id"] for model in owner.get("/api/models").json()["items"]]
        assert owner.delete(f"/api/channels/{channel['id']}").json()["code"] == "llm.channel_given"
        assert key not in server.printed() + owner.get("/api/channels").text
        server.stop()
        kept = b"".join(file.read_bytes() for file in server.data.rglob("*") if file.is_file())
        assert key.encode() not in kept
