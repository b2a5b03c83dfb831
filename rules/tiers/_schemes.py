"""Schemes: published as versions, each once and never changed; whoever is better off by a new one is lifted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from models.sql import SQL, insert
from models.tiers import Tier, TierScheme
from rules import audit, members, programme
from rules.actors import Actor, ActorKind
from rules.idempotency import Key, Slip
from rules.jobs import enqueue, job
from rules.outbox import tell
from rules.programme import Terms
from rules.refusals import Refusal
from rules.schemes import Rung, parse, plain
from rules.standings import advance, read
from rules.tiers._keeping import keep
from rules.tiers._qualifying import requalify
from rules.transactions import transaction

OWNERLESS = UUID(int=0)
"""Whose the keys are of those who act without an id of their own."""

BATCH, BATCHES_MAX = 200, 50


@dataclass(eq=False)
class TierSchemeChanged(Refusal):
    """Somebody has published another scheme since. Read it, and publish anew."""

    zh = "等级方案已被他人更新，请重新读取后再发布。"
    field = ("expectedVersion",)
    version: int


@dataclass(eq=False)
class TierLevelInUse(Refusal):
    """This tier is held by somebody, or was, or a plan gives it: it cannot be left out."""

    zh = "该等级正在或曾经被会员持有，或有付费方案授予，无法移除。"
    field = ("scheme", "levels")
    tier: str


@dataclass(frozen=True, slots=True)
class Published:
    """The version a scheme was published as, and whether the same had been done before."""

    version: int
    replayed: bool = False


LATEST = SQL("SELECT COALESCE(MAX(version), 0) AS version FROM tier_scheme")
HOLD = SQL("SELECT one FROM programme WHERE one = 1 FOR UPDATE")
NEWEST = SQL("UPDATE programme SET tier_scheme = $1 WHERE one = 1")


@transaction
async def publish(
    document: Mapping[str, Any], *, expected_version: int | None, key: Key, actor: Actor, now: datetime
) -> Published:
    """Publish a scheme as the next version. Tiers keep their ids by their codes; nobody loses one by it.

    Whoever has reached more by the new scheme is lifted by a job; whoever has less keeps their tier until its
    review.

    Raises: IdempotencyKeyReused, TierSchemeChanged, TierSchemeInvalid, TierThresholdOrder, TierLevelInUse.
    """
    await HOLD.row()
    owner = UUID(actor.id) if actor.id and actor.kind is ActorKind.STAFF else OWNERLESS
    slip = Slip(owner, actor, key, "tiers.publish", (document, expected_version))
    if earlier := await slip.recall():
        return Published(earlier["version"], replayed=True)
    version = await LATEST.value()
    if expected_version is not None and expected_version != version:
        raise TierSchemeChanged(version)
    version += 1
    scheme, ladder = parse(document, version=version)
    await _place(await programme.terms(), ladder)
    written = orjson.dumps({"version": version, **plain(scheme, ladder)}).decode()
    row = {"version": version, "document": written, "published_at": now, "published_by": actor.principal}
    await insert(TierScheme, [row])
    await NEWEST.run(written)
    await audit.note(actor, "tiers.publish", facts={"version": version, "levels": len(ladder)}, now=now)
    await enqueue(REFRESH, f"refresh:{version}", {"version": version}, now=now)
    await slip.keep({"version": version}, now)
    return Published(version)


USED = [
    SQL(
        "SELECT member_id FROM growth_account WHERE tier_id = $1 OR earned_tier_id = $1 OR deferred_tier_id = $1"
        " OR paid_tier_id = $1 OR granted_tier_id = $1 LIMIT 1",
        fans_out="whether anybody holds a tier that is to go",
    ),
    SQL(
        "SELECT member_id FROM tier_change WHERE from_tier_id = $1 OR to_tier_id = $1 OR own_from_id = $1"
        " OR own_to_id = $1 LIMIT 1",
        fans_out="whether anybody ever held a tier that is to go",
    ),
    SQL("SELECT id FROM membership_plan WHERE tier_id = $1 LIMIT 1"),
]
WRITERS = SQL("LOCK TABLE growth_account IN SHARE MODE", sqlite="SELECT one FROM programme WHERE one = 1")
"""Waits until whoever gives somebody a tier has done so, and has others wait. SQLite has one writer at a time."""

REMOVE = SQL("DELETE FROM tier WHERE id = $1")
ASIDE = SQL("UPDATE tier SET rank = rank + 1000, threshold = 1000000000000 - rank")
PLACE = SQL(
    "UPDATE tier SET rank = $2, threshold = $3, name = $4, earn_multiplier_bps = $5, redeem_limit_points = $6"
    " WHERE id = $1"
)


async def _place(before: Terms, ladder: tuple[Rung, ...]) -> None:
    """Have the tiers stand as a scheme says. Raises: TierLevelInUse."""
    known = {rung.code: rung for rung in before.ladder}
    gone = known.keys() - {rung.code for rung in ladder}
    if gone:
        await WRITERS.run()
    for code in sorted(gone):
        for asked in USED:
            if await asked.row(known[code].id):
                raise TierLevelInUse(code)
        await REMOVE.run(known[code].id)
    # no two tiers may have one rank or one threshold, not even while they change places
    await ASIDE.run()
    added = []
    for rung in ladder:
        limit = rung.redeem_limit_points
        if rung.code in known:
            told = (rung.rank, rung.threshold, rung.name, rung.earn_multiplier_bps, limit)
            await PLACE.run(known[rung.code].id, *told)
        else:
            added.append(
                {
                    "code": rung.code,
                    "name": rung.name,
                    "rank": rung.rank,
                    "threshold": rung.threshold,
                    "earn_multiplier_bps": rung.earn_multiplier_bps,
                    "redeem_limit_points": limit,
                }
            )
    await insert(Tier, added)


REFRESH = "tiers.refresh"
EVERYBODY = SQL(
    "SELECT member_id FROM growth_account WHERE member_id > $1 ORDER BY member_id LIMIT $2",
    fans_out="a new scheme is held against everybody's growth",
)


@job(REFRESH, lease=timedelta(minutes=10))
async def refresh(facts: dict[str, Any], now: datetime) -> None:
    """Hold a new scheme against everybody, a member at a time, and promise the rest to another run.

    A newer version's own refresh takes its place.
    """
    after = UUID(facts["after"]) if "after" in facts else OWNERLESS
    for _batch in range(BATCHES_MAX):
        terms = await programme.terms()
        if terms.scheme.version != facts["version"]:
            return
        rows = await EVERYBODY.rows(after, BATCH)
        for row in rows:
            after = row["member_id"]
            await refresh_one(after, now=now)
        if len(rows) < BATCH:
            return
    await _go_on(facts["version"], after, now)


@transaction
async def _go_on(version: int, after: UUID, now: datetime) -> None:
    await enqueue(REFRESH, f"refresh:{version}:{after}", {"version": version, "after": str(after)}, now=now)


@transaction
async def refresh_one(member_id: UUID, *, now: datetime) -> None:
    """Hold the scheme against one member: they may rise, and lose nothing before a review. Again changes nothing.

    Raises: NotFound, NoProgramme.
    """
    await members.hold(member_id)
    terms = await programme.terms()
    standing = await read(member_id, terms)
    await advance(standing, terms, now)
    await requalify(standing, terms, at=now, now=now)
    if not terms.scheme.is_losable(standing.earned):
        standing.expires_at = standing.grace_until = None
    elif standing.expires_at is None:
        standing.expires_at = terms.scheme.expiry(standing.earned, terms.local_day(now), terms.timezone)
    await tell(member_id, keep(standing, now), now)
