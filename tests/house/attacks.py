"""Attacks: for each constraint of the models, what breaks it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from tortoise.context import require_context
from tortoise.models import Model

TOO_MUCH = "1000000000001"
WITHOUT_IDS = {
    "api_key",
    "growth_account",
    "points_account",
    "partner_account",
    "partner_books",
    "points_books",
    "points_closing",
    "points_policy",
    "programme",
    "earn_budget",
    "identity_tombstone",
    "referral",
    "referral_budget",
    "referral_code",
    "referral_debt",
    "tier_scheme",
    "token",
}


@dataclass(frozen=True)
class Attack:
    """A statement that breaks one constraint: rows of a table changed, or one of them written once more."""

    verb: str
    table: str
    values: Mapping[str, str] = field(default_factory=dict)
    where: str = "TRUE"

    @property
    def text(self) -> str:
        if self.verb == "change":
            changes = ", ".join(f'"{column}" = {value}' for column, value in self.values.items())
            return f'UPDATE "{self.table}" SET {changes} WHERE {self.where}'
        columns = tables()[self.table]._meta.fields_db_projection.values()
        told = ", ".join(self.values.get(column, f'"{column}"') for column in columns)
        names = ", ".join(f'"{column}"' for column in columns)
        row = f'SELECT * FROM "{self.table}" WHERE {self.where} LIMIT 1'
        return f'INSERT INTO "{self.table}" ({names}) SELECT {told} FROM ({row}) one'


def change(table: str, where: str = "TRUE", **values: str) -> Attack:
    return Attack("change", table, values, where)


def again(table: str, where: str = "TRUE", **values: str) -> Attack:
    """One row more, like one there is but for a new id and these values."""
    fresh = {"id": f"'{uuid4()}'"} if table not in WITHOUT_IDS else {}
    return Attack("again", table, {**fresh, **values}, where)


TIERS = {"place": "99", "kind": "'TIER'", "rule_id": "NULL"}
"""One award more of a purchase."""

ATTACKS: dict[str, tuple[Attack, ...]] = {
    "programme_is_one": (again("programme", one="2"),),
    "programme_earn_rate": (change("programme", earn_points="-1"), change("programme", earn_minor="0")),
    "programme_expire_months": (change("programme", expire_months="0"), change("programme", expire_months="121")),
    "programme_restore_grace": (
        change("programme", restore_grace_days="-1"),
        change("programme", restore_grace_days="367"),
    ),
    "programme_adjust_proof": (change("programme", adjust_proof_points="-1"),),
    "programme_adjust_approval": (change("programme", adjust_approval_points="-1"),),
    "points_policy_version": (again("points_policy", version="0"),),
    "store.code": (again("store"),),
    "member_merged": (
        change("member", "state = 'ACTIVE'", merged_into_id="id"),
        change("member", "state = 'ACTIVE'", state="'MERGED'"),
    ),
    "member_event_seq": (change("member", event_seq="-1"),),
    "member_active_has_joined": (change("member", "state = 'ACTIVE'", joined_at="NULL"),),
    "member_identity_once": (again("member_identity"),),
    "member_merge_open": (again("member_merge"),),
    "member_merge_two": (change("member_merge", into_id="member_id"),),
    "member_merge_growth": (change("member_merge", growth="-1"),),
    "member_merge_pair": (change("member_merge", out_id="NULL"),),
    "member_merge_undone": (change("member_merge", undone_at="'2026-03-01 00:00:00+00:00'"),),
    "member_leaving_why": (change("member_leaving", left_at="NULL", forfeits_at="NULL", erases_at="NULL"),),
    "member_leaving_after": (change("member_leaving", forfeits_at="'2026-03-01 00:00:00+00:00'"),),
    "growth_never_negative": (change("growth_account", growth="-1"), change("growth_account", growth=TOO_MUCH)),
    "growth_seq": (change("growth_account", seq="-1"),),
    "growth_entry_moves": (again("growth_entry", seq="99", cause="'x'", delta="0"),),
    "growth_entry_after": (again("growth_entry", seq="99", cause="'x'", growth_after="-1"),),
    "growth_entry_seq": (again("growth_entry", cause="'x'"),),
    "growth_entry_cause": (again("growth_entry", seq="99"),),
    "tier.code": (again("tier", rank="99", threshold="99"),),
    "tier.rank": (change("tier", "rank = 2", rank="1"),),
    "tier.threshold": (change("tier", "rank = 2", threshold="1000"),),
    "tier_rank": (change("tier", "rank = 1", threshold="0"), change("tier", "rank = 2", rank="-1")),
    "tier_threshold": (change("tier", "rank = 2", threshold=TOO_MUCH),),
    "tier_multiplier": (change("tier", earn_multiplier_bps="9999"), change("tier", earn_multiplier_bps="1000001")),
    "tier_redeem_limit": (change("tier", redeem_limit_points="0"),),
    "benefit_use_once": (again("benefit_use"),),
    "benefit_use_number": (again("benefit_use", number="0"),),
    "benefit_grant_once": (again("benefit_grant"),),
    "benefit_grant_gives": (again("benefit_grant", period="'X'", points="0"),),
    "membership_plan_version": (again("membership_plan"),),
    "membership_plan_terms": (
        again("membership_plan", version="0"),
        again("membership_plan", version="2", price_minor="-1"),
        again("membership_plan", version="2", duration_days="0"),
        again("membership_plan", version="2", duration_days="3661"),
    ),
    "membership_lasts": (change("membership", ends_at="'2000-01-01 00:00:00+00:00'"),),
    "membership_paid": (change("membership", paid_minor="-1"),),
    "membership_key_payment": (again("membership_key"),),
    "tier_scheme_version": (again("tier_scheme", version="0"),),
    "tier_change_seq": (again("tier_change"),),
    "tier_change_joined": (again("tier_change", cause="'UPGRADED'", from_tier_id="NULL"),),
    "points_available_range": (
        change("points_account", available="-1"),
        change("points_account", available=TOO_MUCH),
    ),
    "points_pending_range": (change("points_account", pending="-1"), change("points_account", pending=TOO_MUCH)),
    "points_held_range": (change("points_account", held="-1"), change("points_account", held=TOO_MUCH)),
    "points_debt_range": (
        change("points_account", available="0", debt="-1"),
        change("points_account", available="0", debt=TOO_MUCH),
    ),
    "points_debt_is_repaid_first": (change("points_account", available="1", debt="1"),),
    "points_seq": (change("points_account", seq="-1"),),
    "points_books_are_one": (again("points_books", one="2"),),
    "points_books_turn": (change("points_books", turn="-1"),),
    "points_day_once": (again("points_day"),),
    "points_day_moves": (change("points_day", movements="0"),),
    "points_cohort_once": (again("points_cohort"),),
    "points_outlook_once": (again("points_outlook"),),
    "points_outlook_open": (change("points_outlook", points="0"),),
    "points_entry_moves": (again("points_entry", seq="99", delta="0"),),
    "points_entry_after": (again("points_entry", seq="99", balance_after="-1"),),
    "points_entry_seq": (again("points_entry"),),
    "points_transaction_cause": (again("points_transaction"),),
    "points_warning_tells": (again("points_warning", days="0"), again("points_warning", days="7", points="0")),
    "points_warning_once": (again("points_warning"),),
    "points_lot_range": (
        change("points_lot", granted="0", remaining="0"),
        change("points_lot", remaining="-1"),
        change("points_lot", held="-1"),
        change("points_lot", remaining="granted + 1"),
        change("points_lot", remaining="granted", held="1"),
    ),
    "points_hold_range": (
        change("points_hold", "state = 'HELD'", amount="0"),
        change("points_hold", "state = 'RELEASED'", captured="-1"),
        change("points_hold", "state = 'RELEASED'", captured="1"),
        change("points_hold", "state = 'CAPTURED'", released="-1"),
        change("points_hold", "state = 'CAPTURED'", released="1"),
    ),
    "points_hold_adds_up": (
        change("points_hold", "state = 'HELD'", captured="1"),
        change("points_hold", "state = 'HELD'", released="1"),
        change("points_hold", "state = 'CAPTURED'", captured="1"),
        change("points_hold", "state = 'PARTIALLY_CAPTURED'", captured="0"),
        change("points_hold", "state = 'PARTIALLY_CAPTURED'", released="0"),
        change("points_hold", "state = 'CAPTURED'", state="'EXPIRED'"),
        change("points_hold", "state = 'CAPTURED'", state="'RELEASED'"),
    ),
    "points_hold_closed": (
        change("points_hold", "state = 'HELD'", closed_at="created_at"),
        change("points_hold", "state = 'CAPTURED'", closed_at="NULL"),
    ),
    "points_hold_lasts": (change("points_hold", expires_at="created_at"),),
    "points_lot_move_moves": (again("points_lot_move", d_remaining="0"),),
    "purchase_order": (again("purchase"),),
    "purchase_amounts": (
        change("purchase", goods_minor="-1", refunded_minor="0"),
        change("purchase", shipping_minor="-1"),
        change("purchase", by_points_minor="-1"),
        change("purchase", by_points_minor="goods_minor + 1"),
    ),
    "purchase_refund_within_paid": (
        change("purchase", refunded_minor="-1"),
        change("purchase", refunded_minor="goods_minor + 1"),
    ),
    "purchase_paid_has_time": (
        change("purchase", "state <> 'CREATED'", paid_at="NULL"),
        change("purchase", "state <> 'CREATED'", state="'CREATED'"),
    ),
    "purchase_key_order": (again("purchase_key"),),
    "purchase_line_once": (again("purchase_line"),),
    "purchase_line_amounts": (
        change("purchase_line", quantity="0"),
        change("purchase_line", paid_minor="-1", refunded_minor="0"),
        change("purchase_line", refunded_minor="-1"),
        change("purchase_line", refunded_minor="paid_minor + 1"),
    ),
    "purchase_event_once": (again("purchase_event"),),
    "purchase_event_refund": (change("purchase_event", refund_minor="-1"),),
    "referral_campaign_version": (again("referral_campaign"),),
    "referral_campaign_counted": (again("referral_campaign", version="0"),),
    "referral_campaign_ends": (again("referral_campaign", version="99", ends_at="'2000-01-01 00:00:00+00:00'"),),
    "referral_budget_range": (
        change("referral_budget", used="-1"),
        change("referral_budget", used="budget + 1"),
    ),
    "referral_code_whose": (
        again("referral_code", code="'X'", referrer_id="NULL", partner_id="NULL"),
        change("referral_code", "partner_id IS NOT NULL", referrer_id=f"'{uuid4()}'"),
    ),
    "referral_code_channel": (again("referral_code", code="'X'"),),
    "referral_touch_once": (again("referral_touch"),),
    "referral_whose": (
        change("referral", "referrer_id IS NOT NULL", referrer_id="NULL", pair="NULL"),
        change("referral", "partner_id IS NOT NULL", referrer_id=f"'{uuid4()}'", pair="'X'"),
    ),
    "referral_of_another": (change("referral", "referrer_id IS NOT NULL", referrer_id="referee_id"),),
    "referral_paired": (change("referral", "referrer_id IS NOT NULL", pair="NULL"),),
    "referral_pair": (Attack("again", "referral", {"referee_id": f"'{uuid4()}'"}, "pair IS NOT NULL"),),
    "referral_lasts": (change("referral", valid_until="bound_at"),),
    "referral_counted": (change("referral", seq="0"), change("referral", campaign_version="0")),
    "referral_scored": (change("referral", score="-1"),),
    "referral_qualified": (
        change("referral", state="'QUALIFIED'", qualified_at="NULL", claw_back_until="NULL"),
        change("referral", qualified_at="bound_at", claw_back_until="NULL"),
    ),
    "referral_event_seq": (again("referral_event"),),
    "referral_event_counted": (again("referral_event", seq="0"),),
    "referral_event_amounts": (
        again("referral_event", seq="99", gross_minor="-1"),
        again("referral_event", seq="99", refund_minor="-1"),
    ),
    "referral_event_whose": (again("referral_event", seq="99", referrer_id="NULL", partner_id="NULL"),),
    "referral_reward_cause": (again("referral_reward"),),
    "referral_reward_range": (
        again("referral_reward", cause="'X'", netted="-1"),
        again("referral_reward", cause="'X'", growth="-1"),
        again("referral_reward", cause="'X'", outcome="'SKIPPED'", reason="'CAP'", growth="1"),
        again("referral_reward", cause="'X'", outcome="'TAKEN_BACK'", reverses_id="id", growth="1"),
    ),
    "referral_reward_moved": (again("referral_reward", cause="'X'", points="1", transaction_id="NULL"),),
    "referral_reward_skipped": (again("referral_reward", cause="'X'", reason="'CAP'"),),
    "referral_reward_reverses": (again("referral_reward", cause="'X'", reverses_id="id"),),
    "referral_reward_referee": (again("referral_reward", cause="'X'", side="'MILESTONE'"),),
    "referral_milestone_once": (again("referral_milestone"),),
    "referral_milestone_counted": (again("referral_milestone", milestone="0"),),
    "referral_tally_once": (again("referral_tally"),),
    "referral_tally_range": (change("referral_tally", rewarded="-1"), change("referral_tally", qualified="-1")),
    "referral_debt_range": (change("referral_debt", owed="-1"),),
    "earn_rule_version": (again("earn_rule", ended_at="published_at"),),
    "earn_rule_in_force": (again("earn_rule", version="99"),),
    "earn_rule_counted": (again("earn_rule", code="'OTHER'", version="0"),),
    "earn_rule_ends": (change("earn_rule", ended_at="'2000-01-01 00:00:00+00:00'"),),
    "earn_rule_gives": (
        change("earn_rule", "kind = 'BONUS_POINTS'", points="0"),
        change("earn_rule", "kind = 'BONUS_POINTS'", minor="1"),
        change("earn_rule", "kind = 'BONUS_POINTS'", multiplier_bps="20000"),
        change("earn_rule", "kind = 'BASE_RATE'", points="-1"),
        change("earn_rule", "kind = 'BASE_RATE'", minor="0"),
        change("earn_rule", "kind = 'BONUS_MULTIPLIER'", multiplier_bps="10000"),
        change("earn_rule", "kind = 'BONUS_MULTIPLIER'", points="1"),
        change("earn_rule", "kind = 'CAPS'", points="1"),
    ),
    "earn_budget_range": (
        change("earn_budget", used="-1"),
        change("earn_budget", used="budget + 1"),
    ),
    "earn_award_place": (again("earn_award", kind="'BASE'", rule_id="NULL"),),
    "earn_award_of_rule": (
        Attack("again", "earn_award", {"id": f"'{uuid4()}'", "place": "99"}, "rule_id IS NOT NULL"),
    ),
    "earn_award_range": (
        again("earn_award", **TIERS, wanted="0", points="0", transaction_id="NULL"),
        again("earn_award", **TIERS, points="wanted + 1"),
        again("earn_award", **TIERS, points="-1", transaction_id="NULL"),
    ),
    "earn_award_moved": (again("earn_award", **TIERS, points="0"),),
    "earn_award_of": (again("earn_award", place="99", kind="'BONUS_POINTS'", rule_id="NULL"),),
    "earn_usage_once": (again("earn_usage"),),
    "earn_usage_range": (change("earn_usage", used="-1"), change("earn_usage", used="most + 1")),
    "earn_count_once": (again("earn_count"),),
    "earn_count_uses": (again("earn_count", period="'WEEK'", used="0"),),
    "partner.name": (again("partner"),),
    "staff.username": (again("staff"),),
    "staff_cashier_has_store": (again("staff", username="'x'", role="'CASHIER'", store_id="NULL"),),
    "api_key_belongs": (
        change("api_key", "kind = 'PARTNER'", source="'shop'"),
        change("api_key", "kind = 'PARTNER'", partner_id="NULL"),
        change("api_key", "kind = 'SERVICE'", source="NULL"),
        change("api_key", kind="'MEMBER'"),
    ),
    "api_key_slot": (again("api_key", key_id="'another'"),),
    "api_key_slots": (change("api_key", slot="0"), change("api_key", slot="3")),
    "login_seen": (change("login", seen_at="'2000-01-01 00:00:00+00:00'"),),
    "member_code_used": (change("member_code", used_at="created_at"), change("member_code", used_by="'x'")),
    "attempt_failures": (change("attempt", failures="0"),),
    "rate_bucket_level": (change("rate_bucket", level="-1"),),
    "approval_decided": (
        change("approval", decided_at="requested_at"),
        change("approval", state="'WITHDRAWN'"),
    ),
    "approval_two_people": (
        change("approval", state="'REJECTED'", decided_at="requested_at", decided_by="requested_by"),
        change("approval", state="'REJECTED'", decided_at="requested_at"),
    ),
    "approval_done": (
        change("approval", transaction_id="id"),
        change("approval", state="'APPROVED'", decided_at="requested_at", decided_by="member_id"),
    ),
    "token_only_refresh_is_spent": (change("token", "use = 'ACCESS'", spent_at="created_at"),),
    "idempotency_key_once": (again("idempotency_key"),),
    "outbox_event_seq": (again("outbox_event"),),
    "outbox_event_bucket_range": (change("outbox_event", bucket="16"), change("outbox_event", bucket="-1")),
    "webhook_endpoint_slot": (again("webhook_endpoint", "partner_id IS NULL"),),
    "webhook_endpoint_partner_slot": (again("webhook_endpoint", "partner_id IS NOT NULL"),),
    "webhook_endpoint_partner_slots": (change("webhook_endpoint", "partner_id IS NOT NULL", slot="6"),),
    "partner_event_once": (again("partner_event"),),
    "webhook_endpoint_slots": (
        change("webhook_endpoint", slot="0"),
        change("webhook_endpoint", "partner_id IS NULL", slot="21"),
    ),
    "webhook_endpoint_live": (
        change("webhook_endpoint", state="'DELETED'"),
        change("webhook_endpoint", slot="NULL"),
        change("webhook_endpoint", secret="NULL"),
    ),
    "webhook_endpoint_disabled": (
        change("webhook_endpoint", state="'DISABLED'"),
        change("webhook_endpoint", disabled_why="'STAFF'"),
    ),
    "webhook_endpoint_overlap": (change("webhook_endpoint", previous_until="created_at"),),
    "webhook_delivery_once": (again("webhook_delivery"),),
    "webhook_delivery_attempts": (
        change("webhook_delivery", attempts="-1"),
        change("webhook_delivery", attempts="fence + 1"),
    ),
    "webhook_delivery_ended": (
        change("webhook_delivery", "state = 'PENDING'", state="'DEAD'"),
        change("webhook_delivery", "state = 'PENDING'", finished_at="created_at"),
    ),
    "webhook_attempt_once": (again("webhook_attempt"),),
    "webhook_attempt_told": (
        change("webhook_attempt", status="NULL"),
        change("webhook_attempt", failure="'TIMED_OUT'"),
    ),
    "webhook_attempt_took": (change("webhook_attempt", duration_ms="-1"), change("webhook_attempt", number="0")),
    "job_once": (again("job"),),
    "job_attempts": (change("job", attempts="-1"), change("job", fence="-1")),
    "job_finished": (change("job", "state = 'READY'", state="'DONE'"), change("job", finished_at="created_at")),
}
"""What breaks each constraint, by its name; a unique column goes by `table.column`."""


def tables() -> dict[str, type[Model]]:
    found = [model for each in (require_context().apps or {}).values() for model in each.values()]
    return {model._meta.db_table: model for model in found}
