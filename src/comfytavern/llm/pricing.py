"""What a call costs."""

from comfytavern.llm.profiles import Profile, traits
from comfytavern.llm.reply import Usage
from comfytavern.llm.repo import Model

_MILLION = 1_000_000


def cost_usd(usage: Usage, model: Model) -> float | None:
    """Return the price of a call in US dollars, or None when the model's price is not known here."""
    if model.input_usd_per_million is None:
        return None
    return (usage.input_tokens * model.input_usd_per_million + usage.output_tokens * (model.output_usd_per_million or 0.0)) / _MILLION


def described(model: Model, profile: Profile) -> Model:
    """Return the model with every gap filled from what its profile knows of such a name."""
    known = traits(model.name, profile)
    own_price = model.input_usd_per_million is not None
    return Model(
        name=model.name,
        manual=model.manual,
        enabled=model.enabled,
        capabilities=model.capabilities or known.capabilities,
        context_tokens=model.context_tokens or known.context_tokens,
        input_usd_per_million=model.input_usd_per_million if own_price else known.input_usd_per_million,
        output_usd_per_million=model.output_usd_per_million if own_price else known.output_usd_per_million,
    )
