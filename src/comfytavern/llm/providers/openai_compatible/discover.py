"""What GET /models tells."""

import msgspec

from comfytavern.llm import errors
from comfytavern.llm.profiles import traits
from comfytavern.llm.provider import Endpoint
from comfytavern.llm.providers.openai_compatible.wire import ModelsWire, ModelWire
from comfytavern.llm.repo import CAPABILITIES, Model
from comfytavern.llm.transport import scrubbed

_MILLION = 1_000_000


def models_of(body: bytes, at: Endpoint) -> list[Model]:
    """Return the models in the server's order, each name once. Raises `Unavailable` (`llm.bad_reply`) for anything else."""
    try:
        listed = msgspec.json.decode(body, type=ModelsWire).data
    except msgspec.ValidationError:
        try:
            listed = msgspec.json.decode(body, type=list[ModelWire])
        except msgspec.ValidationError as error:
            raise _bad(body, at, error) from error
    except msgspec.DecodeError as error:
        raise _bad(body, at, error) from error
    return list({model.id: _model(model, at) for model in listed}.values())


def _model(wire: ModelWire, at: Endpoint) -> Model:
    return Model(
        name=wire.id,
        capabilities=_capabilities(wire, at),
        context_tokens=wire.context_length or wire.max_model_len,
        input_usd_per_million=_price(wire.pricing.prompt if wire.pricing else None),
        output_usd_per_million=_price(wire.pricing.completion if wire.pricing else None),
    )


def _capabilities(wire: ModelWire, at: Endpoint) -> tuple[str, ...]:
    """Return what the server says of the model, else what its name says."""
    if wire.supported_parameters is None:
        return traits(wire.id, at.profile).capabilities
    takes = set(wire.supported_parameters)
    found = {"chat"}
    found |= {"tools"} if "tools" in takes else set()
    found |= {"json"} if {"structured_outputs", "response_format"} & takes else set()
    found |= {"reasoning"} if "reasoning" in takes else set()
    sees = wire.architecture is not None and "image" in (wire.architecture.input_modalities or ())
    found |= {"vision"} if sees else set()
    return tuple(each for each in CAPABILITIES if each in found)


def _price(per_token: str | float | None) -> float | None:
    try:
        price = float(per_token) if per_token is not None else -1.0
    except ValueError:
        return None
    return round(price * _MILLION, 6) if price >= 0 else None


def _bad(body: bytes, at: Endpoint, error: Exception) -> Exception:
    return errors.bad_reply(at.name, f"it is not a list of models ({error})", scrubbed(body[:200].decode(errors="replace"), at))
