"""Keys at rest."""

import pytest

from comfytavern.kernel.errors import Unavailable
from comfytavern.kernel.secret import Secret
from comfytavern.llm.vault import Vault

KEY = Secret("sk-very-secret-鍵")


def test_a_sealed_key_opens_and_shows_nothing_of_itself() -> None:
    vault = Vault(Secret("application secret"))
    sealed = vault.seal(KEY, "chn_1/key")
    assert vault.open(sealed, "chn_1/key").reveal() == KEY.reveal()
    assert b"very-secret" not in sealed
    assert sealed != vault.seal(KEY, "chn_1/key")


def test_a_key_sealed_under_an_earlier_secret_still_opens() -> None:
    sealed = Vault(Secret("old")).seal(KEY, "chn_1/key")
    assert Vault(Secret("new"), earlier=[Secret("old")]).open(sealed, "chn_1/key").reveal() == KEY.reveal()


@pytest.mark.parametrize("damage", ["other secret", "other place", "flipped bit", "cut", "empty", "unknown version"])
def test_what_was_not_sealed_here_does_not_open(damage: str) -> None:
    sealed = Vault(Secret("a")).seal(KEY, "chn_1/key")
    vault = Vault(Secret("b" if damage == "other secret" else "a"))
    place = "chn_2/key" if damage == "other place" else "chn_1/key"
    changed = {
        "flipped bit": sealed[:-1] + bytes([sealed[-1] ^ 1]),
        "cut": sealed[:9],
        "empty": b"",
        "unknown version": b"\x09" + sealed[1:],
    }
    with pytest.raises(Unavailable) as failure:
        vault.open(changed.get(damage, sealed), place)
    assert failure.value.code == "llm.key_unreadable"
    assert "very-secret" not in str(failure.value)
