"""Owners: whose rows a table holds, for the guard of the tests and a sharded database later.

`member`: every row belongs to one member, named by the column, and never changes hands.
`global key`: rows found by a key that is unique across members (an identity, an order, a token).
`shared`: small and read-mostly, or the machinery's own (jobs, audit).
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["member", "global key", "shared"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns a table's rows, and the column that names the owner or the key."""

    kind: Kind
    column: str | None = None


MEMBER = Owner("member", "member_id")
SHARED = Owner("shared")

OWNERS: dict[str, Owner] = {
    "programme": SHARED,
    "points_policy": SHARED,
    "store": SHARED,
    "tier": SHARED,
    "tier_scheme": SHARED,
    "staff": SHARED,
    "partner": SHARED,
    "partner_books": SHARED,
    "partner_day": SHARED,
    "partner_pool": SHARED,
    "partner_account": Owner("global key", "partner_id"),
    "partner_settlement": Owner("global key", "partner_id"),
    "commission": Owner("global key", "partner_id"),
    "api_key": Owner("global key", "key_id"),
    "token": Owner("global key", "digest"),
    "login": Owner("global key", "id"),
    "member_code": Owner("global key", "digest"),
    "attempt": Owner("global key", "subject"),
    "rate_bucket": Owner("global key", "principal"),
    "staff_invitation": Owner("global key", "digest"),
    "document": SHARED,
    "job": SHARED,
    "audit_log": SHARED,
    "member": Owner("member", "id"),
    "member_key": MEMBER,
    "member_identity": MEMBER,
    "member_merge": MEMBER,
    "member_leaving": MEMBER,
    "identity_key": Owner("global key", "value_hash"),
    "approval": MEMBER,
    "points_account": MEMBER,
    "points_transaction": MEMBER,
    "points_entry": MEMBER,
    "points_lot": MEMBER,
    "points_lot_move": MEMBER,
    "points_hold": MEMBER,
    "points_note": MEMBER,
    "points_warning": MEMBER,
    "points_books": SHARED,
    "points_day": SHARED,
    "points_cohort": SHARED,
    "points_closing": SHARED,
    "points_outlook": SHARED,
    "growth_account": MEMBER,
    "growth_entry": MEMBER,
    "tier_change": MEMBER,
    "benefit_use": MEMBER,
    "benefit_grant": MEMBER,
    "membership_plan": SHARED,
    "membership": MEMBER,
    "membership_key": Owner("global key", "payment_ref"),
    "purchase": MEMBER,
    "purchase_line": MEMBER,
    "purchase_event": MEMBER,
    "purchase_key": Owner("global key", "order_ref"),
    "earn_rule": SHARED,
    "earn_budget": SHARED,
    "earn_award": MEMBER,
    "earn_usage": MEMBER,
    "earn_count": MEMBER,
    "referral_campaign": SHARED,
    "referral_budget": SHARED,
    "referral_code": Owner("global key", "code"),
    "referral_touch": Owner("global key", "device_hash"),
    "referral": Owner("member", "referee_id"),
    "referral_event": MEMBER,
    "referral_reward": MEMBER,
    "referral_milestone": MEMBER,
    "referral_tally": MEMBER,
    "referral_debt": MEMBER,
    "identity_tombstone": Owner("global key", "digest"),
    "idempotency_key": Owner("member", "owner_id"),
    "outbox_event": MEMBER,
    "partner_event": Owner("global key", "partner_id"),
    "webhook_endpoint": SHARED,
    "webhook_delivery": Owner("global key", "endpoint_id"),
    "webhook_attempt": Owner("global key", "endpoint_id"),
}
"""Every table of the house; a test compares it with the models."""
