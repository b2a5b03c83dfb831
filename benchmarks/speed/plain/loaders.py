"""Loaders: a DataLoader for each relation, made for each request."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from strawberry.dataloader import DataLoader
from tortoise.expressions import Q

from benchmarks.speed.plain.keys import StoredKey
from models.members import Member
from models.points import PointsAccount, PointsEntry, PointsLot, PointsTransaction
from models.purchases import Purchase, PurchaseLine
from models.tiers import GrowthAccount, Tier
from rules import vault


def _by(rows: list[Any], name: str, keys: list[Any]) -> list[Any]:
    found = {getattr(row, name): row for row in rows}
    return [found.get(key) for key in keys]


def _grouped(rows: list[Any], keys: list[UUID]) -> list[list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.member_id].append(row)
    return [found[key] for key in keys]


async def _profiles(keys: list[UUID]) -> list[dict[str, Any]]:
    members = {row.id: row for row in await Member.filter(id__in=keys)}
    wrapped = {row.member_id: row.wrapped for row in await StoredKey.filter(member_id__in=keys)}
    return [_profile(members[key], wrapped.get(key)) for key in keys]


def _profile(member: Member, wrapped: bytes | None) -> dict[str, Any]:
    if member.profile is None or wrapped is None:
        return {}
    told: dict[str, Any] = orjson.loads(vault.unlocked().open(wrapped, member.id, "profile", member.profile))
    return told


async def _growth(keys: list[UUID]) -> list[Any]:
    return _by(await GrowthAccount.filter(member_id__in=keys), "member_id", keys)


async def _tiers(keys: list[UUID]) -> list[Any]:
    return _by(await Tier.filter(id__in=keys), "id", keys)


async def _above(keys: list[int]) -> list[Any]:
    """The tier above a rank."""
    return _by(await Tier.filter(rank__in=[key + 1 for key in keys]), "rank", [key + 1 for key in keys])


async def _accounts(keys: list[UUID]) -> list[Any]:
    return _by(await PointsAccount.filter(member_id__in=keys), "member_id", keys)


async def _lots(keys: list[UUID]) -> list[list[Any]]:
    rows = await PointsLot.filter(member_id__in=keys, active=True, remaining__gt=0).order_by("expires_at", "id")
    return _grouped(rows, keys)


LATEST = (
    "SELECT * FROM (SELECT e.*, ROW_NUMBER() OVER (PARTITION BY member_id ORDER BY seq DESC) AS place"
    " FROM points_entry e WHERE member_id IN ({members})) latest WHERE place <= {most}"
)


async def _entries(keys: list[tuple[UUID, int, int | None]]) -> list[list[Any]]:
    """The entries of several members: the newest of each in one statement, a page of one in another."""
    if len(keys) > 1 and all(after is None for _, _, after in keys):
        members = ", ".join(f"'{member}'" for member, _, _ in keys)
        most = max(first for _, first, _ in keys) + 1
        rows: Any = await PointsEntry.raw(LATEST.format(members=members, most=most))
        found = _grouped(sorted(rows, key=lambda row: -row.seq), [member for member, _, _ in keys])
        return [rows[: first + 1] for rows, (_, first, _) in zip(found, keys, strict=True)]
    pages = []
    for member, first, after in keys:
        entries = PointsEntry.filter(member_id=member)
        if after is not None:
            entries = entries.filter(seq__lt=after)
        pages.append(await entries.order_by("-seq").limit(first + 1))
    return [list(page) for page in pages]


async def _transactions(keys: list[UUID]) -> list[Any]:
    return _by(await PointsTransaction.filter(id__in=keys), "id", keys)


async def _purchases(keys: list[tuple[UUID, int, tuple[datetime, UUID] | None]]) -> list[list[Any]]:
    pages = []
    for member, first, after in keys:
        purchases = Purchase.filter(member_id=member)
        if after is not None:
            at, beyond = after
            purchases = purchases.filter(Q(ordered_at__lt=at) | Q(ordered_at=at, id__lt=beyond))
        pages.append(await purchases.order_by("-ordered_at", "-id").limit(first + 1))
    return [list(page) for page in pages]


async def _lines(keys: list[UUID]) -> list[list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in await PurchaseLine.filter(purchase_id__in=keys).order_by("id"):
        found[row.purchase_id].append(row)
    return [found[key] for key in keys]


class Loaders:
    """The relations of one request."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)  # noqa: TID251  a server of its own
        self.profiles = DataLoader(load_fn=_profiles)
        self.growth = DataLoader(load_fn=_growth)
        self.tiers = DataLoader(load_fn=_tiers)
        self.above = DataLoader(load_fn=_above)
        self.accounts = DataLoader(load_fn=_accounts)
        self.lots = DataLoader(load_fn=_lots)
        self.entries = DataLoader(load_fn=_entries)
        self.purchases = DataLoader(load_fn=_purchases)
        self.lines = DataLoader(load_fn=_lines)
        self.transactions = DataLoader(load_fn=_transactions)
