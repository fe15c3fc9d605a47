"""Who made a release: an ssh signature over SHA256SUMS, which names every file. OpenSSH's own format, made by ssh-keygen."""

import subprocess
from pathlib import Path

from comfytavern.deploy.errors import DeployFailed
from comfytavern.kernel.errors import Problem

NAMESPACE = "comfytavern-release"
"""Part of what is signed: a signature made for anything else, such as a commit, does not count here."""


def sign(sums: Path, key: Path) -> Path:
    """Write the signature of `sums` beside it and return its path.

    An Ed25519 or RSA key signs the same bytes the same way each time; an ECDSA key does not, and with it the artifact is not
    reproducible. The public half is enough when the private one is in the agent. Raises `DeployFailed` (`build.sign`).
    """
    target = sums.with_name(sums.name + ".sig")
    target.unlink(missing_ok=True)
    done = _keygen("-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(sums))
    if done.returncode or not target.is_file():
        hint = "Give --sign-key a private key that needs no passphrase, or the public half of one that is in ssh-agent."
        raise DeployFailed("build.sign", f"The release cannot be signed with {key}: {_said(done)}.", hint=hint)
    return target


def doubts(sums: Path, signature: Path, signers: Path | None) -> list[Problem]:
    """Return why the signature does not hold: empty when it does, and when its key is among the `signers` (if there are any to ask).

    `signers` is a file in the form of ssh-keygen's ALLOWED SIGNERS.
    """
    fitting = _verify(sums, "check-novalidate", "-s", str(signature))
    if fitting.returncode:
        what, fix = "SHA256SUMS.sig is not a signature of SHA256SUMS.", "Do not install it; copy or build the artifact again."
        return [Problem(code="release.signature", message=f"{what} {fix}", params={"file": "SHA256SUMS.sig", "fix": fix})]
    if signers is None:
        return []
    known = _keygen("-Y", "find-principals", "-f", str(signers), "-s", str(signature))
    for name in known.stdout.split():
        if not _verify(sums, "verify", "-f", str(signers), "-I", name, "-s", str(signature)).returncode:
            return []
    key = next((word for word in fitting.stdout.split() if word.startswith("SHA256:")), "unknown")
    what = f"The release is signed by a key that is not allowed to: {key}."
    fix = f"Add the key to {signers} if you trust who made this release."
    return [Problem(code="release.signer", message=f"{what} {fix}", params={"key": key, "fix": fix})]


def _verify(sums: Path, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return _keygen("-Y", verb, "-n", NAMESPACE, *arguments, said=sums)


def _keygen(*arguments: str, said: Path | None = None) -> subprocess.CompletedProcess[str]:
    text = said.read_text(encoding="utf-8") if said else ""
    try:
        return subprocess.run(  # noqa: S603 -- an argument vector; ssh-keygen is looked up in PATH
            ["ssh-keygen", *arguments],  # noqa: S607 -- as above
            input=text,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeployFailed(
            "build.keygen", f"ssh-keygen does not run: {error}.", hint="Install OpenSSH's client (openssh-client)."
        ) from error


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stderr.strip().splitlines() or ["ssh-keygen gave no reason"])[-1].rstrip(".")
