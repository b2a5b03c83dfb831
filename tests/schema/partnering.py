"""Partnering: what could well be sent to the mutations of partners, and by whom."""

from typing import Any

from models.credentials import PrincipalKind
from models.units import ReasonCode
from rules import partners
from rules.actors import SYSTEM, Principal
from schema import ids
from schema.ids import Tag
from tests.people import NOON
from tests.schema.asking import OWNER

ENDED = ReasonCode("ENDED")


async def good() -> dict[str, tuple[Principal | None, dict[str, Any]]]:
    """Who may send each mutation, and what they could well send."""
    here, away = [await partners.register(name, actor=SYSTEM, now=NOON) for name in ("Bamboo Books", "Lake Inn")]
    await partners.disable(away, reason=ENDED, actor=SYSTEM, now=NOON)
    which = {"partnerId": ids.encode(Tag.PARTNER, here)}
    bounds = {"scopes": ["STATISTICS_READ"], "networks": ["203.0.113.0/24"], "expiresAt": "2027-01-01T00:00:00Z"}
    return {
        "partnerCreate": (OWNER, {"name": "Red Lantern"}),
        "partnerDisable": (OWNER, {**which, "reason": "ENDED"}),
        "partnerEnable": (OWNER, {"partnerId": ids.encode(Tag.PARTNER, away), "reason": "RENEWED"}),
        "partnerKeyCreate": (OWNER, {**which, "name": "reports", **bounds}),
    }


async def two(mine: str) -> tuple[Principal, str, dict[str, list[str]]]:
    """The partner of an id, as it asks; its id; and what another's is to it."""
    which = ids.decode_one(Tag.PARTNER, mine)
    rival = await partners.register("Moon Radio", actor=SYSTEM, now=NOON)
    return Principal(PrincipalKind.PARTNER, str(which)), mine, {"PARTNER": [ids.encode(Tag.PARTNER, rival)]}
