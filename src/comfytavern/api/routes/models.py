"""Channels to model providers, and the models they have."""

from typing import Any

from fastapi import APIRouter

from comfytavern.accounts.user import Role, User
from comfytavern.api.auth import Me
from comfytavern.api.body import JsonRoute
from comfytavern.api.schemas.models import Channel, ChannelChange, ChannelPage, ChannelTest, Discovery, ModelPage, NewChannel
from comfytavern.api.services import Doors, Services
from comfytavern.kernel.secret import Secret
from comfytavern.llm.channels import Draft
from comfytavern.llm.repo import Model as Manual

router = APIRouter(route_class=JsonRoute, prefix="/api", tags=["models"])


@router.get("/channels", response_model=ChannelPage)
async def list_channels(doors: Doors, me: Me) -> Any:
    """List the channels; keys are never returned."""
    return {"items": await doors.channels.list(me.id)}


@router.post("/channels", response_model=Channel, status_code=201)
async def create_channel(body: NewChannel, doors: Doors, me: Me) -> Any:
    """Add a channel."""
    return await doors.channels.create(me.id, _draft(body), private=_private(doors, me))


@router.get("/channels/{channel_id}", response_model=Channel)
async def get_channel(channel_id: str, doors: Doors, me: Me) -> Any:
    """Return a channel."""
    return await doors.channels.get(me.id, channel_id)


@router.patch("/channels/{channel_id}", response_model=Channel)
async def change_channel(channel_id: str, body: ChannelChange, doors: Doors, me: Me) -> Any:
    """Change a channel."""
    return await doors.channels.change(me.id, channel_id, _draft(body), private=_private(doors, me))


@router.delete("/channels/{channel_id}", status_code=204)
async def delete_channel(channel_id: str, doors: Doors, me: Me) -> None:
    """Remove a channel and its key."""
    await doors.channels.delete(me.id, channel_id)


@router.post("/channels/{channel_id}/test", response_model=ChannelTest)
async def test_channel(channel_id: str, doors: Doors, me: Me) -> Any:
    """Make one real, small call and tell what came of it."""
    return await doors.channels.test(me.id, channel_id)


@router.post("/channels/{channel_id}/discover", response_model=Discovery)
async def discover_models(channel_id: str, doors: Doors, me: Me) -> Any:
    """Ask the provider which models it has, and remember them."""
    return {"models": await doors.channels.discover(me.id, channel_id)}


@router.get("/models", response_model=ModelPage)
async def list_models(doors: Doors, me: Me) -> Any:
    """List the models that nodes can name."""
    return {"items": await doors.channels.models(me.id)}


def _private(doors: Services, me: User) -> bool:
    """Tell whether this person may have a channel at a private address: the owner may, who has a model at home."""
    return me.role is Role.OWNER or doors.values.allow_private_network


def _draft(body: NewChannel | ChannelChange) -> Draft:
    """Return what was given, keys and header values as secrets."""
    given: dict[str, Any] = {name: value for name in body.model_fields_set if (value := getattr(body, name)) is not None or name == "key"}
    if "key" in given:
        given["key"] = Secret(body.key.get_secret_value()) if body.key else None
    if "headers" in given:
        given["headers"] = {name: Secret(value) for name, value in given["headers"].items()}
    if "models" in given:
        given["models"] = tuple(
            Manual(name=model.name, capabilities=tuple(model.capabilities), manual=model.manual, enabled=model.enabled)
            for model in given["models"]
        )
    return Draft(**given)
