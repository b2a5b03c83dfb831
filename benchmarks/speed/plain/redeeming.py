"""Redeeming: one transaction of models, each read, changed and saved."""

import hashlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import strawberry
from tortoise.transactions import in_transaction  # noqa: TID251  a server of its own
from uuid_utils.compat import uuid7

from benchmarks.speed.plain.types import Account, Entry, account_of, entry_of
from models.idempotency import IdempotencyKey
from models.members import Member
from models.outbox import BUCKETS, OutboxEvent
from models.points import (
    Bucket,
    Counter,
    PointsAccount,
    PointsEntry,
    PointsKind,
    PointsLot,
    PointsLotMove,
    PointsTransaction,
)
from models.tiers import GrowthAccount, Tier
from models.units import Points


@strawberry.input
class PointsRedeemInput:
    points: int
    reason: str = "REDEMPTION"
    idempotency_key: str = ""


@strawberry.type
class Refusal:
    code: str
    message: str


@strawberry.type
class PointsPayload:
    entry: Entry | None = None
    account: Account | None = None
    replayed: bool = False
    user_errors: list[Refusal] = strawberry.field(default_factory=list)


def _refused(code: str) -> PointsPayload:
    return PointsPayload(user_errors=[Refusal(code=code, message=code)])


async def redeem(member_id: UUID, wanted: PointsRedeemInput) -> PointsPayload:
    """Redeem, whole or not at all. Lots that have expired are left to the house to write off."""
    now = datetime.now(UTC)  # noqa: TID251  a server of its own
    principal = f"MEMBER:{member_id}"
    async with in_transaction("default"):
        member = await Member.select_for_update().get(id=member_id)
        earlier = await IdempotencyKey.get_or_none(
            owner_id=member_id, principal=principal, key=wanted.idempotency_key
        )
        if earlier is not None:
            return PointsPayload(replayed=True)
        account = await PointsAccount.get(member_id=member_id)
        growth = await GrowthAccount.get(member_id=member_id)
        tier = await Tier.get(id=growth.tier_id)
        lots = await PointsLot.filter(member_id=member_id, active=True, remaining__gt=0).order_by(
            "expires_at", "id"
        )
        usable = [lot for lot in lots if lot.expires_at is None or lot.expires_at > now]
        if member.state != "ACTIVE" or sum(lot.remaining for lot in usable) < wanted.points:
            return _refused("REFUSED")
        if tier.redeem_limit_points is not None and wanted.points > tier.redeem_limit_points:
            return _refused("ABOVE_TIER_LIMIT")
        moved = await _moved(member_id, wanted, principal, now)
        await _taken(member_id, moved, wanted.points, usable)
        entry = await _posted(account, moved, wanted.points)
        await _told(member, moved, account, now)
        await _kept(member_id, principal, wanted, moved, account, now)
    return PointsPayload(entry=entry_of(entry, moved), account=account_of(account))


async def _moved(member_id: UUID, wanted: PointsRedeemInput, principal: str, now: datetime) -> PointsTransaction:
    return await PointsTransaction.create(
        id=uuid7(),
        member_id=member_id,
        kind=PointsKind.REDEEM,
        points=-wanted.points,
        cause=f"points.redeem:{principal}:{wanted.idempotency_key}",
        actor_kind="MEMBER",
        actor_id=str(member_id),
        reason=wanted.reason,
        effective_at=now,
        created_at=now,
    )


async def _taken(member_id: UUID, moved: PointsTransaction, points: int, lots: list[PointsLot]) -> None:
    for lot in lots:
        share = min(points, lot.remaining)
        if share:
            lot.remaining = Points(lot.remaining - share)
            await lot.save(update_fields=["remaining"])
            await PointsLotMove.create(
                member_id=member_id, lot_id=lot.id, transaction_id=moved.id, d_remaining=-share, d_held=0
            )
            points -= share


async def _posted(account: PointsAccount, moved: PointsTransaction, points: int) -> PointsEntry:
    account.available = Points(account.available - points)
    account.lifetime_spent = Points(account.lifetime_spent + points)
    account.seq += 1
    await account.save()
    return await PointsEntry.create(
        id=uuid7(),
        transaction_id=moved.id,
        member_id=account.member_id,
        seq=account.seq,
        bucket=Bucket.AVAILABLE,
        delta=-points,
        balance_after=account.available,
        counter=Counter.REDEMPTION,
    )


async def _told(member: Member, moved: PointsTransaction, account: PointsAccount, now: datetime) -> None:
    member.event_seq += 1
    await member.save(update_fields=["event_seq"])
    await OutboxEvent.create(
        member_id=member.id,
        seq=member.event_seq,
        transaction_id=moved.id,
        bucket=member.id.int % BUCKETS,
        type="points.moved",
        body={"kind": "REDEEM", "points": moved.points, "available": account.available},
        created_at=now,
    )


async def _kept(
    member_id: UUID,
    principal: str,
    wanted: PointsRedeemInput,
    moved: PointsTransaction,
    account: PointsAccount,
    now: datetime,
) -> None:
    response: dict[str, Any] = {name: getattr(account, name) for name in ("available", "pending", "held", "debt")}
    await IdempotencyKey.create(
        owner_id=member_id,
        principal=principal,
        key=wanted.idempotency_key,
        operation="points.redeem",
        fingerprint=hashlib.sha256(orjson.dumps([wanted.points, wanted.reason, None, None])).hexdigest(),
        response={**response, "transaction_id": str(moved.id)},
        created_at=now,
    )
