"""Every way in which asking a model fails, as sentences a person can act on. docs/reference/models.md lists the codes.

`said` is what the provider wrote, with our own secrets already taken out of it; it travels in `params`, cut to 500 characters.
"""

from typing import Any

from comfytavern.kernel.errors import Busy, Conflict, Denied, Failure, Invalid, NotFound, TooLarge, Unavailable

_SAID_MAX = 500

PASSING = frozenset({"llm.rate_limited", "llm.server_error", "llm.unreachable"})
"""Worth another try on the same channel, as long as nothing of the reply was seen."""

LOCAL = frozenset(
    {
        "llm.timeout",
        "llm.auth",
        "llm.budget",
        "llm.model_not_found",
        "llm.bad_reply",
        "llm.key_unreadable",
        "llm.unsupported",
        "llm.private_address",
    }
)
"""Of this channel only: another one that offers the model may do better."""


def auth(channel: str, said: str = "", *, key: bool = True) -> Failure:
    """The key is wrong, or missing."""
    sentence = f"{channel} refused the key." if key else f"{channel} wants a key and has none."
    return _with(Denied("llm.auth", sentence, hint="Check the key of this channel under Models.", channel=channel), said)


def rate_limited(channel: str, said: str = "", *, retry_after_s: float | None = None) -> Failure:
    """Too many requests, for now."""
    failure = Busy(
        "llm.rate_limited",
        f"{channel} is receiving too many requests and did not take this one.",
        hint="Wait a little and run again, or lower the concurrency.",
        channel=channel,
    )
    if retry_after_s is not None:
        failure.params["retry_after_s"] = retry_after_s
    return _with(failure, said)


def budget(channel: str, said: str = "") -> Failure:
    """The account is out of credit."""
    sentence = f"The account behind {channel} has no credit left."
    return _with(Busy("llm.budget", sentence, hint="Add credit at the provider, or choose another model.", channel=channel), said)


def model_not_found(channel: str, model: str, said: str = "") -> Failure:
    """The provider does not know the model."""
    return _with(
        NotFound(
            "llm.model_not_found",
            f"{channel} has no model named “{model}”.",
            hint="Choose another model, or run Discover for this channel under Models.",
            channel=channel,
            model=model,
        ),
        said,
    )


def context_length(channel: str, model: str, said: str = "") -> Failure:
    """The prompt is longer than the model can read."""
    return _with(
        TooLarge(
            "llm.context_length",
            f"The prompt is longer than {model} can read.",
            hint="Shorten the prompt or the history, ask for fewer tokens, or choose a model with a longer context.",
            channel=channel,
            model=model,
        ),
        said,
    )


def unreachable(channel: str, host: str, why: str) -> Failure:
    """No connection came about."""
    return Unavailable(
        "llm.unreachable",
        f"{channel} cannot be reached at {host}: {why}.",
        hint="Check the address of this channel under Models, and that the server is running.",
        channel=channel,
        host=host,
        why=why,
    )


def timeout(channel: str, seconds: float, *, started: bool) -> Failure:
    """The provider went silent."""
    what = "stopped in the middle of its reply" if started else "did not begin to answer"
    return Unavailable(
        "llm.timeout",
        f"{channel} {what}: nothing came for {seconds:g} seconds.",
        hint="Run again; if it happens often, choose another model or raise the time limit.",
        channel=channel,
        seconds=seconds,
        started=started,
    )


def interrupted(channel: str, said: str = "") -> Failure:
    """The reply broke off."""
    return _with(
        Unavailable("llm.interrupted", f"The reply from {channel} broke off before its end.", hint="Run again.", channel=channel),
        said,
    )


def server_error(channel: str, status: int, said: str = "", *, retry_after_s: float | None = None) -> Failure:
    """The provider itself has a problem."""
    failure = Unavailable(
        "llm.server_error",
        f"{channel} has a problem of its own (status {status}).",
        hint="Run again in a while; the provider's status page may know more.",
        channel=channel,
        status=status,
    )
    if retry_after_s is not None:
        failure.params["retry_after_s"] = retry_after_s
    return _with(failure, said)


def bad_reply(channel: str, why: str, said: str = "", *, hint: str = "") -> Failure:
    """What came back is not what this provider is said to speak."""
    return _with(
        Unavailable(
            "llm.bad_reply",
            f"The reply from {channel} cannot be understood: {why}.",
            hint=hint or "Check the address of this channel: it usually ends with /v1.",
            channel=channel,
            why=why,
        ),
        said,
    )


def refused(channel: str, status: int, said: str = "") -> Failure:
    """The provider does not like the request."""
    words = f": “{_cut(said)}”" if said else ""
    return _with(
        Invalid(
            "llm.refused",
            f"{channel} refused the request{words}.",
            hint="Change what it names, or leave the setting empty; not every model takes every setting.",
            channel=channel,
            status=status,
        ),
        said,
    )


def unsupported(channel: str, what: str) -> Failure:
    """This provider cannot do that at all."""
    return Invalid("llm.unsupported", f"{channel} offers no {what}.", hint="Choose a model of another channel.", channel=channel, what=what)


def reply_too_large(channel: str, size_max_bytes: int) -> Failure:
    """The reply goes beyond our limit."""
    return TooLarge(
        "llm.reply_too_large",
        f"The reply from {channel} is larger than {size_max_bytes // 1_048_576} MiB and was cut off.",
        hint="Ask for less.",
        channel=channel,
        size_max_bytes=size_max_bytes,
    )


def channel_not_found(reference: str) -> Failure:
    """Nothing is known under that name."""
    return NotFound(
        "llm.channel_not_found",
        f"There is no channel for the model “{reference}”.",
        hint="Choose a model from the list; channels are added under Models.",
        model=reference,
    )


def channel_disabled(channel: str) -> Failure:
    """The channel is switched off."""
    hint = "Switch it on under Models, or choose another model."
    return Conflict("llm.channel_disabled", f"{channel} is switched off.", hint=hint, channel=channel)


def private_address(channel: str, host: str) -> Failure:
    """The address is inside the server's own network."""
    return Denied(
        "llm.private_address",
        f"{channel} is at {host}, inside the server's own network, where only an owner may send requests.",
        hint="Ask an owner to add this channel.",
        channel=channel,
        host=host,
    )


def unusable_key(channel: str) -> Failure:
    """The key, or a header, cannot be sent at all."""
    return Invalid(
        "llm.unusable_key",
        f"The key or a header of {channel} has characters that cannot be sent.",
        hint="Enter it again: letters, digits and punctuation on one line.",
        channel=channel,
    )


def _cut(said: str) -> str:
    return said if len(said) <= _SAID_MAX else said[: _SAID_MAX - 1] + "…"


def _with(failure: Failure, said: str) -> Failure:
    params: dict[str, Any] = failure.params
    if said:
        params["said"] = _cut(said)
    return failure
