"""A certificate authority of one's own, for tests: `certificate, key = Authority(folder).issue("comfy.lab")`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PEM: Final = serialization.Encoding.PEM


class Authority:
    """Signs certificates; `file` is what a client must trust."""

    def __init__(self, folder: Path) -> None:
        """Make its key and its own certificate, kept in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.file = folder, folder / "ca.crt"
        self._key, self._name, self._issued = ec.generate_private_key(ec.SECP256R1()), _name("Authority of the tests"), 0
        builder = self._builder(self._name, self._key.public_key(), days=3650)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        usage = dict.fromkeys(_USAGES, False) | {"key_cert_sign": True, "crl_sign": True}
        builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
        self.file.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(PEM))

    def issue(self, domain: str, days: float = 90) -> tuple[Path, Path]:
        """Return the files of a new certificate (with its chain) and of its key; it ends in `days`, or ended when they are negative."""
        self._issued += 1
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_name(domain), key.public_key(), days=days)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        certificate, secret = self.folder / f"{domain}-{self._issued}.crt", self.folder / f"{domain}-{self._issued}.key"
        certificate.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(PEM) + self.file.read_bytes())
        secret.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        secret.chmod(0o600)
        return certificate, secret

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, days: float) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=30))
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return builder.add_extension(own, critical=False).not_valid_after(now + timedelta(days=days))


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
