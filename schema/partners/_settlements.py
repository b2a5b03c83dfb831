"""Settlements as a partner sees its own, and as those who lead the programme approve and pay them."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

import strawberry

from models.commissions import SettlementState
from models.sql import SQL
from models.units import ReasonCode
from rules import partners
from rules.refusals import NotFound
from schema import ids, pages
from schema.context import Info
from schema.enums import describe
from schema.errors import UserError, command
from schema.ids import Tag
from schema.pages import Connection, Window
from schema.partners._sheet import sheet
from schema.permissions import LEADS, READS_SETTLEMENTS, asked, seen
from schema.scalars import Day, Long, Moment

describe(
    SettlementState,
    "Where a settlement stands.",
    {
        SettlementState.READY: "It waits for somebody to approve it.",
        SettlementState.APPROVED: "It is approved, and will be paid.",
        SettlementState.PAID: "It is paid.",
        SettlementState.REJECTED: "It was rejected: what was in it waits for the next month's.",
    },
    name="PartnerSettlementState",
)


@strawberry.type(
    description="What a partner is paid for a month (月度结算单): the commission on the orders of five people or "
    "more. Its sums never change; what is refunded later is taken off the next one."
)
class PartnerSettlement:
    row: strawberry.Private[dict[str, Any]]
    id: strawberry.ID = seen(READS_SETTLEMENTS, "Opaque. Store it, send it back, read nothing into it.")
    month: Day = seen(READS_SETTLEMENTS, "The first day of the month in which, or before, it became available.")
    state: SettlementState = seen(READS_SETTLEMENTS, "Where it stands.")
    commissions: Long = seen(READS_SETTLEMENTS, "How many orders it is for.")
    due_minor: Long = seen(
        READS_SETTLEMENTS, "The commission on them, less what was refunded after earlier settlements."
    )
    fee_minor: Long = seen(READS_SETTLEMENTS, "What is kept of it, as the contract says; rounded down.")
    payable_minor: Long = seen(READS_SETTLEMENTS, "What is paid: `dueMinor` less `feeMinor`.")
    made_at: Moment = seen(READS_SETTLEMENTS, "When it was made.")
    decided_at: Moment | None = seen(READS_SETTLEMENTS, "When it was approved or rejected.")
    paid_at: Moment | None = seen(READS_SETTLEMENTS, "When it was paid, as staff wrote it down.")
    payment_ref: str | None = seen(READS_SETTLEMENTS, "What the bank calls the payment.")
    earned_minor: Long = seen(LEADS, "The commission on its orders alone.")
    netted_minor: Long = seen(LEADS, "What was taken off, since it was refunded after earlier settlements.")

    @asked(
        READS_SETTLEMENTS,
        "The statement as a file, in CSV: `COMMISSION` and `FEE` add up to `PAYABLE`. Days are those of the "
        "programme's time zone, and a text that a spreadsheet would take for a formula begins with `'`.",
    )
    async def csv(self, info: Info) -> str | None:
        """The statement as a file."""
        return sheet(self.row, await info.context.reference.terms())

    @classmethod
    def of(cls, row: dict[str, Any]) -> "PartnerSettlement":
        """The settlement as a client sees it."""
        told = ("made_at", "decided_at", "paid_at", "payment_ref", "commissions", "fee_minor", "payable_minor")
        return cls(
            row=row,
            id=strawberry.ID(ids.encode(Tag.PARTNER_SETTLEMENT, row["partner_id"], row["id"])),
            month=Day(date.fromisoformat(row["month_told"])),
            state=SettlementState(row["state"]),
            due_minor=Long(row["earned_minor"] - row["netted_minor"]),
            earned_minor=Long(row["earned_minor"]),
            netted_minor=Long(row["netted_minor"]),
            **{name: row[name] for name in told},
        )


COLUMNS = (
    "id, partner_id, CAST(month AS TEXT) AS month_told, state, commissions, referees, earned_minor, netted_minor,"
    " fee_minor, payable_minor, made_at, decided_at, paid_at, payment_ref"
)
ONE = SQL(f"SELECT {COLUMNS} FROM partner_settlement WHERE partner_id = $1 AND id = $2")  # noqa: S608  constants
PAGES = {
    backwards: SQL(
        f"SELECT {COLUMNS} FROM partner_settlement WHERE partner_id = $1"  # noqa: S608  constants
        f" AND ($2::text IS NULL OR month {beyond} $2::text::date) AND state = ANY($3::text[])"
        f" ORDER BY month {order} LIMIT $4"
    )
    for backwards, order, beyond in ((False, "DESC", "<"), (True, "ASC", ">"))
}


def month(value: Any) -> str:
    """A part of a key that is a month."""
    return date.fromisoformat(pages.text(value)).isoformat()


APPROVED = (SettlementState.APPROVED, SettlementState.PAID)
"""What a partner is told. Of one that is rejected, and of the next with a few people more, it could take the
difference."""


async def settlements(
    partner_id: UUID, asked: Window, states: Iterable[SettlementState]
) -> Connection[PartnerSettlement]:
    """A page of a partner's settlements that stand in some states, newest first."""
    [beyond] = asked.key or (None,)
    told = [state.value for state in states]
    rows = await PAGES[asked.backwards].rows(partner_id, beyond, told, asked.fetch)
    return pages.page(rows, asked, PartnerSettlement.of, lambda row: (row["month_told"],))


async def settlement(text: str, reader: UUID | None) -> PartnerSettlement | None:
    """A settlement by its id; None where it is none, or the partner that reads is not told it."""
    found = ids.decode(Tag.PARTNER_SETTLEMENT, text)
    row = await ONE.row(*found) if found and reader in (None, found[0]) else None
    is_told = row is not None and (reader is None or row["state"] in APPROVED)
    return PartnerSettlement.of(row) if row and is_told else None


@strawberry.type(description="What became of a settlement.")
class PartnerSettlementPayload:
    settlement: PartnerSettlement | None = seen(LEADS, "The settlement; null when refused.", default=None)
    user_errors: list[UserError] = seen(LEADS, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="A settlement to approve.")
class PartnerSettlementApproveInput:
    settlement_id: strawberry.ID = strawberry.field(description="Which.")


@strawberry.input(description="A settlement to reject.")
class PartnerSettlementRejectInput:
    settlement_id: strawberry.ID = strawberry.field(description="Which.")
    reason: ReasonCode = strawberry.field(description="Why: `SUSPECTED_FRAUD`.")


@strawberry.input(description="A settlement that was paid.")
class PartnerSettlementPayInput:
    settlement_id: strawberry.ID = strawberry.field(description="Which.")
    payment_ref: str = strawberry.field(description="What the bank calls the payment, 1 to 100 characters.")


def _meant(text: str) -> tuple[UUID, UUID]:
    """The partner and the settlement an id means.

    Raises: NotFound.
    """
    found = ids.decode(Tag.PARTNER_SETTLEMENT, text)
    if found is None:
        raise NotFound
    return found[0], found[1]


async def _payload(which: tuple[UUID, UUID]) -> PartnerSettlementPayload:
    row = await ONE.row(*which)
    return PartnerSettlementPayload(settlement=PartnerSettlement.of(row) if row else None)


@strawberry.type
class SettlementsMutation:
    """What may be done with settlements."""

    @command(
        LEADS,
        "Approve a settlement, so that it may be paid. Needs a proof (`staffProve`).",
        PartnerSettlementPayload,
        partners.approve_settlement,
    )
    async def partner_settlement_approve(
        self, info: Info, input: PartnerSettlementApproveInput
    ) -> PartnerSettlementPayload | None:
        """Approve a settlement."""
        context, which = info.context, _meant(input.settlement_id)
        await partners.approve_settlement(*which, actor=context.actor, now=context.now)
        return await _payload(which)

    @command(
        LEADS,
        "Reject a settlement that is not paid: what is in it waits for the next month's.",
        PartnerSettlementPayload,
        partners.reject_settlement,
    )
    async def partner_settlement_reject(
        self, info: Info, input: PartnerSettlementRejectInput
    ) -> PartnerSettlementPayload | None:
        """Reject a settlement."""
        context, which = info.context, _meant(input.settlement_id)
        await partners.reject_settlement(*which, reason=input.reason, actor=context.actor, now=context.now)
        return await _payload(which)

    @command(
        LEADS,
        "Write down that an approved settlement was paid: not by whoever approved it. Needs a proof "
        "(`staffProve`). The same reference again changes nothing.",
        PartnerSettlementPayload,
        partners.pay_settlement,
    )
    async def partner_settlement_pay(
        self, info: Info, input: PartnerSettlementPayInput
    ) -> PartnerSettlementPayload | None:
        """Mark a settlement as paid."""
        context, which = info.context, _meant(input.settlement_id)
        ref = input.payment_ref
        await partners.pay_settlement(*which, payment_ref=ref, actor=context.actor, now=context.now)
        return await _payload(which)
