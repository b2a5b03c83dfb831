"""Looking: what is counted around a referral when it begins, and once more when it is about to qualify."""

from datetime import datetime, timedelta
from uuid import UUID

from models.sql import SQL
from rules import attempts, heirs
from rules.referrals._course import Course
from rules.referrals._suspicions import Facts, suspicions

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COUNTED_MAX = 1_000
"""Beyond so many it need not be exact."""

WHEN = ("before", "around", "after")
"""Where in an hour or a day of haste a referral may lie: at its end, in its middle, at its beginning."""

DEVICE = "referral device"
"""What bindings of one device are counted for."""


def _many(what: str, condition: str, whose: str, name: str) -> str:
    """How many others there are of a kind, counted so far and no further."""
    found = f"SELECT DISTINCT o.{whose} FROM {what} o WHERE {condition} AND o.{whose} <> ALL($1::uuid[])"  # noqa: S608
    return f"(SELECT COUNT(*) FROM ({found} LIMIT {COUNTED_MAX}) s) AS {name}"  # noqa: S608  constants


def _within(first: str, last: str, name: str) -> str:
    """How many others the referrer brought in a time."""
    return _many("referral", f"o.referrer_id = $3 AND o.bound_at BETWEEN {first} AND {last}", "referee_id", name)


COUNTS = (
    _many("referral", "o.device_hash = $2", "referee_id", "same_device"),
    _within("$4", "$6", "before_hour"),
    _within("$5", "$7", "around_hour"),
    _within("$6", "$8", "after_hour"),
    _within("$9", "$6", "before_day"),
    _within("$10", "$11", "around_day"),
    _within("$6", "$12", "after_day"),
    _many("purchase", "o.payer_hash = $13", "member_id", "same_payer"),
    _many("purchase", "o.address_hash = $14", "member_id", "same_address"),
)
WORKS = "EXISTS (SELECT 1 FROM staff o WHERE o.active AND o.as_member_id = $3) AS is_staff"
IS_SEVERAL = "(SELECT o.has_absorbed OR o.merged_into_id IS NOT NULL FROM member o WHERE o.id = $3) AS is_several"
AROUND = SQL(
    f"SELECT {', '.join(COUNTS)}, {WORKS}, {IS_SEVERAL}",
    fans_out="a device, a referrer, a payer or an address is known by all who came with it",
)


WORK = SQL("SELECT id FROM staff WHERE active AND as_member_id = ANY($1::uuid[]) LIMIT 1")


ORDER = SQL(
    "SELECT payer_hash, address_hash FROM purchase WHERE member_id = ANY($1::uuid[]) AND id = $2",
    fans_out="the order a referral qualifies by is a person's, whichever member they were",
)


async def _works(referrer_id: UUID) -> bool:
    """Whether somebody who is or was others besides works for the programme as any of them."""
    heir = await heirs.heir_of(referrer_id)
    return await WORK.row([heir, *await heirs.besides(heir, heir)]) is not None


async def queue_up(device: str | None, now: datetime) -> None:
    """Have bindings of one device wait for each other: of two at once the second sees the first."""
    if device is not None:
        await attempts.count(DEVICE, device, now=now)


async def look(course: Course, *, payer: str | None = None, address: str | None = None) -> None:
    """See what speaks against a referral by now, and against the order that may be its qualifying act, or was.

    What a referrer brings in a hurry is seen from all sides of it: so the first of many who came at once are found
    out when they are about to qualify, and those in the midst of them.
    """
    found, at = course.referral, course.referral.bound_at
    hours = (at - HOUR, at - HOUR / 2, at, at + HOUR / 2, at + HOUR)
    days = (at - DAY, at - DAY / 2, at + DAY / 2, at + DAY)
    selves = await _selves(course)
    if found.purchase_id is not None and payer is None and address is None:
        order = await ORDER.row(selves, found.purchase_id) or {}
        payer, address = order.get("payer_hash"), order.get("address_hash")
    row = await AROUND.row(selves, found.device_hash, found.referrer_id, *hours, *days, payer, address)
    if row is None:
        raise AssertionError("Counts are always one row.")
    works = row["is_staff"]
    if row["is_several"] and found.referrer_id is not None:
        works = works or await _works(found.referrer_id)
    one = 0 if found.referrer_id is None else 1
    facts = Facts(
        same_device=row["same_device"],
        same_payer=row["same_payer"],
        same_address=row["same_address"],
        is_staff=bool(works),
        in_hour=one + max(row[f"{when}_hour"] for when in WHEN),
        in_day=one + max(row[f"{when}_day"] for when in WHEN),
    )
    course.weigh(suspicions(facts, course.campaign.guards))


async def _selves(course: Course) -> list[UUID]:
    """Who the referee is, and whoever else they are or were: they are no suspicion against themselves."""
    own = course.referral.referee_id
    return [own, *(await heirs.besides(own, await heirs.heir_of(own)) if course.is_several else ())]
