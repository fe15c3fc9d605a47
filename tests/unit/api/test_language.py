import httpx
import pytest

from comfytavern.api.language import preferred

OFFERED = ("en", "zh-CN")


@pytest.mark.parametrize(
    ("wishes", "tag"),
    [
        ([], "en"),
        (["zh-CN"], "zh-CN"),
        (["ZH-cn"], "zh-CN"),
        (["zh-TW"], "zh-CN"),
        (["de, zh;q=0.5, en;q=0.4"], "zh-CN"),
        (["zh;q=0.4, en-GB;q=0.9"], "en"),
        (["zh;q=0, fr"], "en"),
        (["de", "zh"], "zh-CN"),
        ([None, 5, {}, "zh"], "zh-CN"),
        (["zh;q=much", ",;,", "*"], "en"),
    ],
)
def test_the_first_wish_that_can_be_fulfilled_is(wishes: list[object], tag: str) -> None:
    assert preferred(wishes, OFFERED) == tag


async def opened(owner: httpx.AsyncClient, accepts: str, **body: str) -> str:
    answer = await owner.post("/api/examples/chat/open", json=body, headers={"Accept-Language": accepts})
    assert answer.status_code == 201, answer.text
    return answer.json()["name"]


async def test_an_example_opens_in_the_language_asked_for_else_the_persons_else_the_browsers(owner: httpx.AsyncClient) -> None:
    english, chinese = await opened(owner, "zh-CN", language="en"), await opened(owner, "en", language="zh-CN")
    assert english != chinese
    assert await opened(owner, "fr") == english
    assert await opened(owner, "zh-CN,zh;q=0.9,en;q=0.8") == chinese
    await owner.put("/api/session/preferences", json={"locale": "zh-CN"})
    assert await opened(owner, "en-GB") == chinese
    assert await opened(owner, "en-GB", language="en") == english
