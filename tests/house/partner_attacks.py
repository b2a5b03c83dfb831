"""Attacks on the constraints of partners: their statistics, commissions and settlements."""

from tests.house.attacks import Attack, again, change

DECIDED = {"state": "'PAID'", "decided_by": "id", "decided_at": "made_at"}
"""A settlement that was approved, and is said to be paid."""

PARTNERED: dict[str, tuple[Attack, ...]] = {
    "partner_books_are_one": (again("partner_books", one="2"),),
    "partner_books_turn": (change("partner_books", turn="-1"),),
    "partner_day_once": (again("partner_day"),),
    "partner_day_least": (
        change("partner_day", touchers="4", touches="4"),
        change("partner_day", touchers="0", touches="1"),
        change("partner_day", registered="4"),
        change("partner_day", qualified="1"),
        change("partner_day", buyers="4", orders="9"),
        change("partner_day", buyers="0", gross_minor="1"),
        change("partner_day", refunders="1"),
        change("partner_day", refunders="0", refund_minor="1"),
        change("partner_day", rewarded="4"),
        change("partner_day", rewarded="0", reward_points="1"),
    ),
    "partner_pool_once": (again("partner_pool"),),
    "partner_pool_waits": (change("partner_pool", number="0"),),
    "partner_account_owes": (change("partner_account", owed_minor="-1"),),
    "partner_account_fee": (change("partner_account", fee_bps="-1"), change("partner_account", fee_bps="10001")),
    "partner_settlement_month": (again("partner_settlement"),),
    "partner_settlement_least": (
        change("partner_settlement", referees="4"),
        change("partner_settlement", commissions="4"),
    ),
    "partner_settlement_sums": (
        change("partner_settlement", payable_minor="payable_minor + 1"),
        change("partner_settlement", earned_minor="0", payable_minor="0"),
        change("partner_settlement", netted_minor="-1", payable_minor="payable_minor + 1"),
        change("partner_settlement", fee_minor="-1", payable_minor="payable_minor + 1"),
    ),
    "partner_settlement_decided": (
        change("partner_settlement", state="'APPROVED'"),
        change("partner_settlement", decided_by="id"),
        change("partner_settlement", reason="'WRONG'"),
        change("partner_settlement", state="'REJECTED'", decided_by="id", decided_at="made_at"),
    ),
    "partner_settlement_paid": (
        change("partner_settlement", **DECIDED),
        change("partner_settlement", payment_ref="'x'"),
        change("partner_settlement", **DECIDED, paid_by="id", paid_at="made_at", payment_ref="'x'"),
    ),
    "commission_once": (again("commission"),),
    "commission_amounts": (
        change("commission", bps="10001"),
        change("commission", frozen_days="-1"),
        change("commission", refunded_minor="gross_minor + 1"),
        change("commission", amount_minor="-1"),
        change("commission", amount_minor="gross_minor + 1"),
    ),
    "commission_stands": (
        change("commission", state="'FROZEN'"),
        change("commission", settled_minor="NULL"),
        change("commission", state="'REVERSED'"),
        change("commission", frozen_until="NULL"),
        change("commission", state="'PAID'", settlement_id="NULL", settled_minor="NULL"),
    ),
}
"""What breaks each constraint, by its name."""
