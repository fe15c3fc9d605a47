"""Channels to model providers, and the models they have."""

from typing import Any

from fastapi import APIRouter

from comfytavern.api.auth import Me
from comfytavern.api.body import JsonRoute
from comfytavern.api.schemas.models import Channel, ChannelChange, ChannelPage, ChannelTest, Discovery, ModelPage, NewChannel
from comfytavern.api.services import Doors
from comfytavern.kernel.secret import Secret

router = APIRouter(route_class=JsonRoute, prefix="/api", tags=["models"])


@router.get("/channels", response_model=ChannelPage)
async def list_channels(doors: Doors, me: Me) -> Any:
    """List the channels; keys are never returned."""
    return {"items": await doors.channels.list(me.id)}


@router.post("/channels", response_model=Channel, status_code=201)
async def create_channel(body: NewChannel, doors: Doors, me: Me) -> Any:
    """Add a channel."""
    return await doors.channels.create(me.id, **_values(body))


@router.get("/channels/{channel_id}", response_model=Channel)
async def get_channel(channel_id: str, doors: Doors, me: Me) -> Any:
    """Return a channel."""
    return await doors.channels.get(me.id, channel_id)


@router.patch("/channels/{channel_id}", response_model=Channel)
async def change_channel(channel_id: str, body: ChannelChange, doors: Doors, me: Me) -> Any:
    """Change a channel."""
    return await doors.channels.change(me.id, channel_id, **_values(body))


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


def _values(body: NewChannel | ChannelChange) -> dict[str, Any]:
    """Return what was given, the key as a `Secret`."""
    values = body.model_dump(exclude_none=True)
    if body.key is not None:
        values["key"] = Secret(body.key.get_secret_value())
    return values
