"""Recommending: what could well be sent of referrals."""

from typing import Any

from rules.actors import Principal
from tests import referring
from tests.people import NOON, member
from tests.schema.asking import CLERK, OWNER, as_member, member_id


def wanted() -> dict[str, Any]:
    """A campaign that says all a campaign can."""
    reward = {"points": 1, "growth": 1, "byTier": [{"tier": "GOLD", "points": 2, "growth": 2}]}
    return {
        "code": "FRIENDS",
        "name": "Bring a friend",
        "priority": 1,
        "startsAt": NOON.isoformat(),
        "endsAt": "2027-01-01T00:00:00Z",
        "attribution": "FIRST_TOUCH_WINDOW",
        "windowDays": 7,
        "validDays": 30,
        "act": "SPEND",
        "minOrderMinor": 0,
        "spendMinor": 100,
        "holdDays": 1,
        "clawBackDays": 1,
        "referrer": reward,
        "referee": reward,
        "milestones": [{"qualified": 1, "points": 1, "growth": 1, "revocable": True}],
        "cycle": "MONTH",
        "caps": {"day": 1, "month": 2, "lifetime": 3},
        "budget": 1_000,
        "link": "https://tea.example/{code}",
        "partner": {"commissionBps": 100, "frozenDays": 1, "minSettlementMinor": 1},
        "guards": {
            "reviewScore": 50,
            "rejectScore": 150,
            "sameDevice": 60,
            "samePayer": 60,
            "sameAddress": 30,
            "staff": 150,
            "velocity": 50,
            "perHour": 10,
            "perDay": 40,
            "reviewDays": 30,
        },
    }


async def good() -> dict[str, tuple[Principal | None, dict[str, Any]]]:
    """The same of referrals: Zhu with a code, Su, whom nobody is known to have brought, and a doubtful friend."""
    await referring.campaign()
    zhu, su = await member("Zhu"), await member("Su")
    said, key = await referring.code(zhu), {"idempotencyKey": "poisoned-1"}
    _, doubtful = [await referring.friend(said, device="one phone") for _ in range(2)]
    decided = {"memberId": member_id(doubtful), "decision": "REJECT", "reason": "ONE_PERSON", **key}
    return {
        "referralReview": (CLERK, decided),
        "referralCampaignPublish": (OWNER, {"campaign": wanted(), "expectedVersion": 1, **key}),
        "referralCodeCreate": (as_member(zhu), {"channel": "POSTER"}),
        "referralTouch": (None, {"code": said, "device": "a device", "channel": "POSTER", **key}),
        "referralBind": (CLERK, {"memberId": member_id(su), "code": said, "reason": "FORGOT_CODE", **key}),
    }
