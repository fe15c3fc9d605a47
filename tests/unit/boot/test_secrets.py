import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from comfytavern.boot.secrets import FILE, application_secrets
from comfytavern.kernel.errors import Unavailable
from comfytavern.settings.settings import read


def test_a_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    settings = read(data_dir=tmp_path)
    (first,) = application_secrets(settings)
    (second,) = application_secrets(settings)
    assert first.reveal() == second.reveal()
    assert len(first.reveal()) >= 64
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / FILE).parent.stat().st_mode) == 0o700
    assert [file.name for file in (tmp_path / FILE).parent.iterdir()] == ["application.key"]


def test_two_that_start_together_agree_on_one_secret(tmp_path: Path) -> None:
    settings = read(data_dir=tmp_path)
    with ThreadPoolExecutor(8) as threads:
        texts = list(threads.map(lambda _: application_secrets(settings)[0].reveal(), range(8)))
    assert len(set(texts)) == 1


def test_a_secret_that_was_given_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    (secret,) = application_secrets(read(data_dir=tmp_path, secret="x" * 40))
    assert secret.reveal() == "x" * 40
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make", [lambda file: file.write_text(""), lambda file: file.mkdir()], ids=["empty", "a folder"])
def test_a_secret_that_cannot_be_read_is_never_replaced(tmp_path: Path, make: object) -> None:
    file = tmp_path / FILE
    file.parent.mkdir()
    make(file)  # type: ignore[operator]  -- a lambda of the parametrisation
    with pytest.raises(Unavailable) as caught:
        application_secrets(read(data_dir=tmp_path))
    assert caught.value.code == "boot.secret"
    assert caught.value.hint
