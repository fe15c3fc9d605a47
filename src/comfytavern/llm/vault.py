"""Keys at rest: AES-256-GCM under a key derived from the application's secret.

A sealed text is one version byte (1), a nonce of 12 bytes and the ciphertext with its tag. The place it is kept in
(`chn_…/key`) is authenticated with it, so a ciphertext copied to another channel does not open.
"""

import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from comfytavern.kernel.errors import Unavailable
from comfytavern.kernel.secret import Secret

_VERSION = b"\x01"
_NONCE_BYTES = 12
_KEY, _NAME = b"comfytavern/llm/vault/1", b"comfytavern/llm/vault/name/1"
"""What is derived from a secret: two uses, so that a name says nothing of a key."""


class Vault:
    """Seals texts for storage and opens them again."""

    def __init__(self, secret: Secret, *, earlier: Sequence[Secret] = ()) -> None:
        """Derive the key from the application's `secret`; what was sealed under `earlier` secrets still opens."""
        self.use([secret, *earlier])

    def use(self, secrets: Sequence[Secret]) -> None:
        """Seal under the first of `secrets` from now on, and open what any of them has sealed."""
        self._ciphers = [AESGCM(_derive(each, _KEY)) for each in secrets]
        self.names = tuple(_derive(each, _NAME)[:8].hex() for each in secrets)
        """Of these secrets, in their order: they tell secrets apart, and say nothing of them."""

    def seal(self, text: Secret, place: str) -> bytes:
        """Return the sealed form of `text`, to be kept at `place`. Two calls never return the same bytes."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._ciphers[0].encrypt(nonce, text.reveal().encode(), _bound(place))

    def renewed(self, sealed: bytes, place: str) -> bytes | None:
        """Return the text of `sealed` sealed under the newest secret, None when it is that already. Raises as `open`."""
        text, by = self._opened(sealed, place, "this channel")
        return self.seal(text, place) if by else None

    def open(self, sealed: bytes, place: str, whose: str = "this channel") -> Secret:
        """Return the text; `whose` it is, for people.

        Raises `Unavailable` (`llm.key_unreadable`) when secret, place or bytes are not those it was sealed with.
        """
        return self._opened(sealed, place, whose)[0]

    def _opened(self, sealed: bytes, place: str, whose: str) -> tuple[Secret, int]:
        """Return the text, and which of the secrets opened it; 0 is the newest."""
        nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if sealed[:1] == _VERSION and len(nonce) == _NONCE_BYTES:
            for number, cipher in enumerate(self._ciphers):
                try:
                    return Secret(cipher.decrypt(nonce, ciphertext, _bound(place)).decode()), number
                except InvalidTag:
                    continue
        raise Unavailable(
            "llm.key_unreadable",
            f"The stored key of {whose} cannot be read: the application's secret is not the one it was saved with.",
            hint="Enter the key again under Models, or give the earlier secret in JWT_SECRET_PREVIOUS.",
            channel=whose,
        )


def _derive(secret: Secret, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=use).derive(secret.reveal().encode())


def _bound(place: str) -> bytes:
    return _VERSION + place.encode()
