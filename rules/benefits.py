"""Benefits: what a member's tier opens to them, used so many times a month and no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.sql import SQL
from models.tiers import BenefitUse
from models.writing import add
from rules import audit, heirs, members, programme, standings
from rules.actors import Actor
from rules.idempotency import Key, Slip
from rules.outbox import Event, tell
from rules.programme import Terms
from rules.refusals import Refusal
from rules.schemes import Benefit, BenefitKind, Rung
from rules.transactions import transaction

USABLE = {BenefitKind.PERIODIC_COUPON, BenefitKind.EXCLUSIVE_ACCESS, BenefitKind.COMMUNITY_ACCESS}
"""The kinds that are used one by one. The others are in effect wherever points are earned or spent."""


@dataclass(eq=False)
class BenefitNotEntitled(Refusal):
    """The member's tier does not give this benefit."""

    zh = "该会员等级不享有此权益。"


@dataclass(eq=False)
class BenefitExhausted(Refusal):
    """The member has used this benefit as often as their tier allows this month."""

    zh = "该权益本月已用完。"
    limit: int


@dataclass(frozen=True, slots=True)
class Used:
    """Which use of the month it was, how many are left, and whether the same had been done before."""

    number: int
    left: int | None
    replayed: bool = False


def entitled(rung: Rung, kind: BenefitKind, code: str) -> Benefit:
    """The benefit a tier gives.

    Raises: BenefitNotEntitled.
    """
    found = rung.benefit(kind, code) if kind in USABLE else None
    if found is None:
        raise BenefitNotEntitled
    return found


def limit_of(benefit: Benefit) -> int | None:
    """How often a benefit may be used in a month; None as often as they like."""
    return benefit.value if benefit.kind is BenefitKind.PERIODIC_COUPON else benefit.per_month


def month(terms: Terms, now: datetime) -> str:
    """The programme's month of a moment, as uses are counted by it."""
    return f"{terms.local_day(now):%Y-%m}"


TIMES = SQL(
    "SELECT COUNT(*) AS n FROM benefit_use WHERE member_id = $1 AND benefit = $2 AND code = $3 AND period = $4"
)


@transaction
async def use(member_id: UUID, kind: BenefitKind, code: str, *, key: Key, actor: Actor, now: datetime) -> Used:
    """A member uses a benefit of the tier they hold at this moment.

    Raises: NotFound, IdempotencyKeyReused, MemberFrozen, MemberNotActive, MemberMerged, BenefitNotEntitled,
    BenefitExhausted.
    """
    held = await members.hold(member_id)
    slip = Slip(member_id, actor, key, "benefit.use", (kind, code))
    if earlier := await slip.recall():
        return Used(earlier["number"], earlier["left"], replayed=True)
    if refused := members.inactivity(held.state):
        raise refused
    terms = await programme.terms()
    tier = (await standings.reckoned(member_id, terms, now)).tier
    limit, period = limit_of(entitled(tier, kind, code)), month(terms, now)
    number = await TIMES.value(member_id, kind.value, code, period) + 1
    if limit is not None and number > limit:
        raise BenefitExhausted(limit)
    row = {"member_id": member_id, "benefit": kind.value, "code": code, "period": period, "number": number}
    add(BenefitUse, [{**row, "tier_id": tier.id, "used_at": now}])
    facts = {"benefit": kind.value, "code": code, "number": number}
    await tell(member_id, [Event("benefit.used", facts)], now)
    await audit.note(actor, slip.operation, member_id=member_id, facts=facts, now=now)
    left = None if limit is None else limit - number
    await slip.keep({"number": number, "left": left}, now)
    return Used(number, left)


COUNTS = SQL(
    "SELECT member_id, benefit, code, COUNT(*) AS n FROM benefit_use WHERE member_id = ANY($1::uuid[])"
    " AND period = $2 GROUP BY member_id, benefit, code",
    fans_out="a page of members shows what each one has used",
)


async def used(member_ids: Sequence[UUID], terms: Terms, now: datetime) -> dict[tuple[UUID, str, str], int]:
    """How often some members have used their benefits this month."""
    rows = await COUNTS.rows(list(member_ids), month(terms, now))
    return {(row["member_id"], row["benefit"], row["code"]): row["n"] for row in rows}


SINCE = SQL(
    "SELECT benefit, code, used_at FROM benefit_use WHERE member_id = ANY($1::uuid[]) AND tier_id = $2"
    " AND used_at >= $3 ORDER BY used_at, id LIMIT 100",
    fans_out="what somebody uses of a tier they do as who they are now, too",
)


async def used_since(member_id: UUID, tier_id: UUID, since: datetime) -> list[tuple[BenefitKind, str, datetime]]:
    """What a member, or who they have become, has used of a tier's benefits since a moment, 100 at most."""
    rows = await SINCE.rows([member_id, *await heirs.line_of(member_id)], tier_id, since)
    return [(BenefitKind(row["benefit"]), row["code"], row["used_at"]) for row in rows]
