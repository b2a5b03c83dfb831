"""Good inputs of the mutations by which memberships become one, end, and begin again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from rules.actors import Principal
from tests.people import NOON, member
from tests.schema.asking import CLERK, OWNER, member_id

Sent = dict[str, tuple[Principal | None, dict[str, Any]]]
PROVEN_OWNER = replace(OWNER, proven_until=NOON + timedelta(minutes=5))


async def living(who: UUID) -> Sent:
    """Who may send each of them about a member, and what they could well send."""
    key = {"idempotencyKey": "poisoned-1"}
    two = {"memberId": member_id(who), "intoId": member_id(await member("Mei, too"))}
    why = {"memberId": member_id(who), "reason": "RISK"}
    return {
        "memberFreeze": (CLERK, why),
        "memberUnfreeze": (CLERK, why),
        "memberErase": (PROVEN_OWNER, why),
        "memberOptOut": (CLERK, why),
        "memberRejoin": (CLERK, why),
        "memberErasureRequest": (CLERK, why),
        "memberErasureCancel": (CLERK, why),
        "memberUnmerge": (PROVEN_OWNER, {**why, **key}),
        "memberMerge": (PROVEN_OWNER, {**two, "reason": "SAME_PERSON", **key}),
    }
