"""Settling: once a month what is available becomes a settlement, which two people approve and pay."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from models.commissions import PartnerSettlement, SettlementState
from models.partners import LEAST
from models.sql import SQL, insert
from models.units import ReasonCode, is_plain, new_id
from models.webhooks import PartnerEventKind
from rules import audit, programme, webhooks
from rules.actors import Actor, ActorKind
from rules.calendar import add_months, local_day, local_midnight
from rules.jobs import job
from rules.partners._account import hold, owe
from rules.partners._accruing import terms_of
from rules.partners._commission import worth
from rules.proofs import check_proof
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction

PARTNERS_AT_ONCE = 1_000
STRETCHES_MAX = 1_000
REF_MAX = 100


@dataclass(eq=False)
class SettlementDecided(Refusal):
    """This settlement is not in a state in which that can be done."""

    zh = "该结算单当前状态不允许此操作。"
    field = ("settlementId",)
    state: str


@dataclass(eq=False)
class OwnSettlement(Refusal):
    """Whoever approved a settlement does not say themselves that it was paid."""

    zh = "审批人不能自行登记该结算单已付款。"
    field = ("settlementId",)


@dataclass(eq=False)
class PaymentRefInvalid(Refusal):
    """A payment's reference has 1 to 100 printable characters."""

    zh = "付款凭证号应为 1 至 100 个可打印字符。"
    field = ("paymentRef",)


@job("partners.settle", every=timedelta(hours=1), lease=timedelta(minutes=30))
async def settle_all(_: dict[str, Any], now: datetime) -> None:
    """Make available what was frozen long enough, and settle the month that is over."""
    await bring_settlements(now)


DUE = SQL(
    "SELECT DISTINCT partner_id FROM commission WHERE partner_id > $5 AND ((state = 'FROZEN'"
    " AND frozen_until <= $1) OR (state = 'AVAILABLE' AND frozen_until < $2 AND NOT EXISTS (SELECT 1"
    " FROM partner_settlement s WHERE s.partner_id = commission.partner_id AND s.month = $3::text::date)))"
    " ORDER BY partner_id LIMIT $4",
    fans_out="each partner with something due is settled by itself",
)


async def bring_settlements(now: datetime) -> int:
    """Settle the last month that is over with every partner, and say with how many.

    Those with too little stay due, so all are visited, by their ids.
    """
    timezone = (await programme.terms()).timezone
    this = local_day(now, timezone).replace(day=1)
    month, ends_at = add_months(this, -1), local_midnight(this, timezone)
    settled, after = 0, UUID(int=0)
    for _ in range(STRETCHES_MAX):
        rows = await DUE.rows(now, ends_at, month.isoformat(), PARTNERS_AT_ONCE, after)
        for row in rows:
            settled += await settle(row["partner_id"], month, ends_at=ends_at, now=now) is not None
        if len(rows) < PARTNERS_AT_ONCE:
            break
        after = rows[-1]["partner_id"]
    return settled


THAW = SQL(
    "UPDATE commission SET state = 'AVAILABLE' WHERE partner_id = $1 AND state = 'FROZEN' AND frozen_until <= $2"
)
IN_THE_WAY = SQL(
    "SELECT id FROM partner_settlement WHERE partner_id = $1 AND (month = $2::text::date OR state IN ('READY',"
    " 'APPROVED')) LIMIT 1"
)
OPEN = "partner_id = $1 AND state = 'AVAILABLE' AND frozen_until < $2 AND amount_minor > 0"
SUMS = SQL(
    "SELECT COUNT(*) AS commissions, COUNT(DISTINCT referee_id) AS referees,"  # noqa: S608  a constant
    " COUNT(DISTINCT CASE WHEN shown IS NULL THEN referee_id END) AS fresh, COUNT(shown) AS shown,"
    f" COALESCE(SUM(amount_minor), 0)::bigint AS earned FROM commission WHERE {OPEN}"
)
CAMPAIGNS = SQL(f"SELECT DISTINCT campaign, campaign_version FROM commission WHERE {OPEN}")  # noqa: S608
SETTLE = SQL(
    "UPDATE commission SET state = 'SETTLING', settled_minor = amount_minor,"  # noqa: S608  a constant
    f" settlement_id = $3 WHERE {OPEN}"
)


@transaction
async def settle(partner_id: UUID, month: date, *, ends_at: datetime, now: datetime) -> UUID | None:
    """Settle what became available before the month's end. None where it is too little, too few people's, or done.

    The next one waits until the last is paid or rejected: what is refunded meanwhile is netted from the right one.

    Raises: NotFound.
    """
    account = await hold(partner_id)
    await THAW.run(partner_id, now)
    if await IN_THE_WAY.value(partner_id, month.isoformat()) is not None:
        return None
    sums = await SUMS.row(partner_id, ends_at)
    if sums is None or _tells_of_few(sums) or sums["earned"] < await _least(partner_id, ends_at):
        return None
    due = sums["earned"] - account.owed_minor
    fee = worth(max(due, 0), account.fee_bps)
    if due - fee <= 0:
        return None
    row = {
        "id": new_id(),
        "partner_id": partner_id,
        "month": month,
        "state": SettlementState.READY,
        "commissions": sums["commissions"],
        "referees": sums["referees"],
        "earned_minor": sums["earned"],
        "netted_minor": account.owed_minor,
        "fee_minor": fee,
        "payable_minor": due - fee,
        "made_at": now,
    }
    await insert(PartnerSettlement, [row])
    await SETTLE.run(partner_id, ends_at, row["id"])
    await owe(partner_id, -account.owed_minor)
    return UUID(str(row["id"]))


def _tells_of_few(sums: dict[str, Any]) -> bool:
    """Whether a settlement would tell of fewer than five people, by itself or beside one that was seen before."""
    return bool(sums["referees"] < LEAST or (sums["shown"] > 0 and sums["fresh"] < LEAST))


async def _least(partner_id: UUID, ends_at: datetime) -> int:
    """The least that is settled, by the campaigns that are in it: the highest of theirs."""
    rows = await CAMPAIGNS.rows(partner_id, ends_at)
    terms = await terms_of({row["campaign"] for row in rows})
    found = [terms.get((row["campaign"], row["campaign_version"])) for row in rows]
    return max((each.min_settlement_minor for each in found if each), default=0)


ONE = SQL(
    "SELECT id, state, netted_minor, decided_by, payment_ref FROM partner_settlement"
    " WHERE partner_id = $1 AND id = $2"
)
DECIDE = SQL(
    "UPDATE partner_settlement SET state = $3, decided_by = $4, decided_at = $5, reason = $6"
    " WHERE partner_id = $1 AND id = $2 RETURNING id"
)


@transaction
async def approve(partner_id: UUID, settlement_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Approve a settlement, so that it may be paid. The same person's same word again changes nothing.

    Raises: NotFound, SettlementDecided, ProofRequired.
    """
    row, who = await _held(partner_id, settlement_id), _person(actor)
    if (row["state"], row["decided_by"]) == (SettlementState.APPROVED, who):
        return
    _check(row, SettlementState.READY)
    check_proof(actor, now)
    await DECIDE.row(partner_id, settlement_id, SettlementState.APPROVED.value, who, now, None)
    await webhooks.tell(partner_id, settlement_id, PartnerEventKind.SETTLEMENT_APPROVED, now)
    await _note(actor, "partner.settlement_approve", partner_id, settlement_id, now)


LEFT = SQL(
    "SELECT COALESCE(SUM(settled_minor - amount_minor), 0)::bigint AS refunded FROM commission"
    " WHERE settlement_id = $2 AND partner_id = $1"
)
FREE = SQL(
    "UPDATE commission SET state = CASE WHEN state = 'SETTLING' THEN 'AVAILABLE' ELSE state END,"
    " settled_minor = NULL, settlement_id = NULL, shown = COALESCE($3, shown)"
    " WHERE settlement_id = $2 AND partner_id = $1"
)


@transaction
async def reject(partner_id: UUID, settlement_id: UUID, *, reason: ReasonCode, actor: Actor, now: datetime) -> None:
    """Reject a settlement: what is in it waits for the next month's. Doing it again changes nothing.

    What the partner has seen, since it was approved, waits until five people's commissions come beside it: or the
    partner could tell from the difference what fewer have bought, or given back.

    Raises: NotFound, SettlementDecided.
    """
    row, who = await _held(partner_id, settlement_id), _person(actor)
    if (row["state"], row["decided_by"]) == (SettlementState.REJECTED, who):
        return
    _check(row, SettlementState.READY, SettlementState.APPROVED)
    refunded = await LEFT.value(partner_id, settlement_id)
    await FREE.run(partner_id, settlement_id, row["state"] == SettlementState.APPROVED or None)
    await owe(partner_id, row["netted_minor"] - refunded)
    await DECIDE.row(partner_id, settlement_id, SettlementState.REJECTED.value, who, now, reason)
    if row["state"] == SettlementState.APPROVED:
        # of one that was never approved the partner was told nothing
        await webhooks.tell(partner_id, settlement_id, PartnerEventKind.SETTLEMENT_REJECTED, now)
    await _note(actor, "partner.settlement_reject", partner_id, settlement_id, now, reason=reason)


PAY = SQL(
    "UPDATE partner_settlement SET state = 'PAID', paid_by = $3, paid_at = $4, payment_ref = $5"
    " WHERE partner_id = $1 AND id = $2 RETURNING id"
)
PAID = SQL(
    "UPDATE commission SET state = 'PAID' WHERE settlement_id = $2 AND partner_id = $1 AND state = 'SETTLING'"
)


@transaction
async def pay(partner_id: UUID, settlement_id: UUID, *, payment_ref: str, actor: Actor, now: datetime) -> None:
    """Write down that an approved settlement was paid. The same reference again changes nothing.

    Raises: NotFound, PaymentRefInvalid, SettlementDecided, OwnSettlement, ProofRequired.
    """
    if not 0 < len(payment_ref.strip()) <= REF_MAX or not is_plain(payment_ref):
        raise PaymentRefInvalid
    row, who = await _held(partner_id, settlement_id), _person(actor)
    if (row["state"], row["payment_ref"]) == (SettlementState.PAID, payment_ref):
        return
    _check(row, SettlementState.APPROVED)
    if row["decided_by"] == who:
        raise OwnSettlement
    check_proof(actor, now)
    await PAY.row(partner_id, settlement_id, who, now, payment_ref)
    await PAID.run(partner_id, settlement_id)
    await webhooks.tell(partner_id, settlement_id, PartnerEventKind.SETTLEMENT_PAID, now)
    await _note(actor, "partner.settlement_pay", partner_id, settlement_id, now)


async def _held(partner_id: UUID, settlement_id: UUID) -> dict[str, Any]:
    """A settlement of a partner whose account is held.

    Raises: NotFound.
    """
    await hold(partner_id)
    row = await ONE.row(partner_id, settlement_id)
    if row is None:
        raise NotFound
    return row


def _check(row: dict[str, Any], *states: SettlementState) -> None:
    """Raises: SettlementDecided."""
    if row["state"] not in states:
        raise SettlementDecided(row["state"])


def _person(actor: Actor) -> UUID:
    """Who of the staff acts."""
    if actor.kind is not ActorKind.STAFF or actor.id is None:
        raise AssertionError("A settlement is a matter of the staff.")
    return UUID(actor.id)


async def _note(
    actor: Actor,
    action: str,
    partner_id: UUID,
    settlement_id: UUID,
    now: datetime,
    *,
    reason: ReasonCode | None = None,
) -> None:
    facts = {"partner": str(partner_id), "settlement": str(settlement_id)}
    await audit.note(actor, action, reason=reason, facts=facts, now=now)
