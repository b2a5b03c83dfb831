"""Types: the part of the house's schema that the benchmark asks for, with a resolver for each relation."""

from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import strawberry

from benchmarks.speed.credentials import Caller
from benchmarks.speed.plain.loaders import Loaders
from benchmarks.speed.plain.purchases import Purchase, purchase_of
from schema import ids, pages

WHOLE = 10_000
Item = TypeVar("Item")


class Context:
    """Who asks, and the loaders of the request."""

    def __init__(self, caller: Caller | None) -> None:
        self.caller = caller
        self.loaders = Loaders()


Info = strawberry.Info[Any, None]


@strawberry.type
class Card:
    display_name: str | None
    avatar_url: str | None


@strawberry.type
class Profile:
    display_name: str | None
    avatar_url: str | None
    birthday: str | None


@strawberry.type
class Benefit:
    kind: str
    value: int


@strawberry.type
class Tier:
    id: strawberry.ID
    code: str
    name: str
    rank: int
    threshold: int
    earn_multiplier: int
    redeem_limit: int | None

    @strawberry.field
    async def benefits(self) -> list[Benefit]:
        found = []
        if self.earn_multiplier > WHOLE:
            found.append(Benefit(kind="EARN_MULTIPLIER", value=self.earn_multiplier))
        if self.redeem_limit is not None:
            found.append(Benefit(kind="REDEEM_LIMIT", value=self.redeem_limit))
        return found


def tier_of(row: Any) -> Tier:
    """A tier as a client sees it."""
    return Tier(
        id=strawberry.ID(ids.encode(ids.Tag.TIER, row.id)),
        code=row.code,
        name=row.name,
        rank=row.rank,
        threshold=row.threshold,
        earn_multiplier=row.earn_multiplier_bps,
        redeem_limit=row.redeem_limit_points,
    )


@strawberry.type
class NextTier:
    tier: Tier
    need: int
    percent: int


@strawberry.type
class TierProgress:
    since: datetime
    growth: int
    held: strawberry.Private[Any]

    @strawberry.field
    async def tier(self) -> Tier:
        return tier_of(self.held)

    @strawberry.field
    async def next(self, info: Info) -> NextTier | None:
        above = await info.context.loaders.above.load(self.held.rank)
        if above is None:
            return None
        done = max(0, self.growth - self.held.threshold) * WHOLE // (above.threshold - self.held.threshold)
        need = max(0, above.threshold - self.growth)
        return NextTier(tier=tier_of(above), need=need, percent=min(done, WHOLE))


@strawberry.type
class Expiry:
    points: int
    expires_at: datetime


@strawberry.type
class Entry:
    id: strawberry.ID
    kind: str
    bucket: str
    points: int
    balance_after: int
    reason: str | None
    occurred_at: datetime
    recorded_at: datetime
    purchase_id: strawberry.ID | None


def entry_of(row: Any, moved: Any) -> Entry:
    """A line of the ledger as a client sees it."""
    bought = moved.purchase_id
    return Entry(
        id=strawberry.ID(ids.encode(ids.Tag.POINTS_ENTRY, row.member_id, row.id)),
        kind=moved.kind.value,
        bucket=row.bucket.value,
        points=row.delta,
        balance_after=row.balance_after,
        reason=moved.reason,
        occurred_at=moved.effective_at,
        recorded_at=moved.created_at,
        purchase_id=bought and strawberry.ID(ids.encode(ids.Tag.PURCHASE, row.member_id, bought)),
    )


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[Item]):
    cursor: str
    node: Item


@strawberry.type
class Connection(Generic[Item]):
    edges: list[Edge[Item]]
    nodes: list[Item]
    page_info: PageInfo


def connection(items: list[Any], cursors: list[str], first: int, after: str | None) -> Connection[Any]:
    """A page of a list, of one item more than asked for, if there are."""
    kept, cursors_kept = items[:first], cursors[:first]
    info = PageInfo(
        has_next_page=len(items) > first,
        has_previous_page=after is not None,
        start_cursor=cursors_kept[0] if kept else None,
        end_cursor=cursors_kept[-1] if kept else None,
    )
    edges = [Edge(cursor=cursor, node=item) for cursor, item in zip(cursors_kept, kept, strict=True)]
    return Connection(edges=edges, nodes=kept, page_info=info)


@strawberry.type
class Account:
    member_id: strawberry.Private[UUID]
    stored: strawberry.Private[int]
    pending: int
    held: int
    debt: int
    lifetime_earned: int
    lifetime_spent: int
    written_off: strawberry.Private[int]

    @strawberry.field
    async def available(self, info: Info) -> int:
        return self.stored - await self._gone(info)

    @strawberry.field
    async def lifetime_expired(self, info: Info) -> int:
        return self.written_off + await self._gone(info)

    async def _gone(self, info: Info) -> int:
        """What has expired and awaits its line in the ledger."""
        loaders = info.context.loaders
        lots = await loaders.lots.load(self.member_id)
        return sum(lot.remaining for lot in lots if lot.expires_at is not None and lot.expires_at <= loaders.now)

    @strawberry.field
    async def expiring(self, info: Info, first: int = 20) -> list[Expiry]:
        loaders = info.context.loaders
        sums: dict[datetime, int] = {}
        for lot in await loaders.lots.load(self.member_id):
            if lot.expires_at is not None and lot.expires_at > loaders.now:
                sums[lot.expires_at] = sums.get(lot.expires_at, 0) + lot.remaining
        return [Expiry(points=points, expires_at=at) for at, points in sorted(sums.items())[:first]]

    @strawberry.field
    async def entries(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Entry]:
        loaders = info.context.loaders
        place = pages.read_cursor(after, (int,))[0] if after else None
        rows = await loaders.entries.load((self.member_id, first, place))
        moved = await loaders.transactions.load_many([row.transaction_id for row in rows])
        entries = [entry_of(row, each) for row, each in zip(rows, moved, strict=True)]
        return connection(entries, [pages.cursor(row.seq) for row in rows], first, after)


def account_of(row: Any) -> Account:
    """An account as a client sees it."""
    return Account(
        member_id=row.member_id,
        stored=row.available,
        pending=row.pending,
        held=row.held,
        debt=row.debt,
        lifetime_earned=row.lifetime_earned,
        lifetime_spent=row.lifetime_spent,
        written_off=row.lifetime_expired,
    )


@strawberry.type
class Member:
    id: strawberry.ID
    member_id: strawberry.Private[UUID]
    state: str
    joined_at: datetime | None
    created_at: datetime

    @strawberry.field
    async def card(self, info: Info) -> Card:
        told = await info.context.loaders.profiles.load(self.member_id)
        return Card(display_name=told.get("display_name"), avatar_url=told.get("avatar_url"))

    @strawberry.field
    async def profile(self, info: Info) -> Profile:
        told = await info.context.loaders.profiles.load(self.member_id)
        return Profile(**{name: told.get(name) for name in ("display_name", "avatar_url", "birthday")})

    @strawberry.field
    async def tier(self, info: Info) -> Tier:
        loaders = info.context.loaders
        growth = await loaders.growth.load(self.member_id)
        return tier_of(await loaders.tiers.load(growth.tier_id))

    @strawberry.field
    async def tier_progress(self, info: Info) -> TierProgress:
        loaders = info.context.loaders
        growth = await loaders.growth.load(self.member_id)
        held = await loaders.tiers.load(growth.tier_id)
        return TierProgress(since=growth.tier_since, growth=growth.growth, held=held)

    @strawberry.field
    async def points(self, info: Info) -> Account:
        return account_of(await info.context.loaders.accounts.load(self.member_id))

    @strawberry.field
    async def purchases(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Purchase]:
        loaders = info.context.loaders
        place = pages.read_cursor(after, pages.BY_MOMENT) if after else None
        rows = await loaders.purchases.load((self.member_id, first, place))
        cursors = [pages.cursor(row.ordered_at, row.id) for row in rows]
        return connection([purchase_of(row) for row in rows], cursors, first, after)


def member_of(row: Any) -> Member:
    """A member as a client sees them."""
    return Member(
        id=strawberry.ID(ids.encode(ids.Tag.MEMBER, row.id)),
        member_id=row.id,
        state=row.state.value,
        joined_at=row.joined_at,
        created_at=row.created_at,
    )
