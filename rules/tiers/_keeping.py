"""Keeping: what was decided about a standing is written, and told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.jobs import Job, JobState
from models.tiers import GrowthAccount, TierCause, TierChange, TierSource
from models.units import Growth
from models.writing import add, change
from rules.outbox import Event
from rules.refusals import Refusal
from rules.schemes import Rung
from rules.standings import Standing, Step, stored

PLAIN = ("growth", "seq", "tier_id", "tier_since", "tier_steps")
"""All that the account keeps of somebody whose tier no time can change."""


GIFTS = "gifts.grant"
"""The job that gives what a level gives to whoever rises to it."""


@dataclass(eq=False)
class GrowthLimit(Refusal):
    """This is more growth than one member may hold."""

    zh = "超出成长值上限。"
    limit: Growth


def keep(standing: Standing, now: datetime) -> list[Event]:
    """Have a held member's standing written, if it is another than the account holds, and its steps; tell them.

    What levels give that were reached is promised with it.
    """
    steps, standing.steps = standing.steps, []
    rows = [
        _row(standing.member_id, step, standing.steps_before + place) for place, step in enumerate(steps, start=1)
    ]
    standing.steps_before += len(steps)
    told, kept = stored(standing), standing.kept
    if told != kept:
        found = {"member_id": standing.member_id, "seq": kept["seq"]}
        is_plain = told["changes_at"] is None and kept["changes_at"] is None
        change(GrowthAccount, found, {name: told[name] for name in PLAIN} if is_plain else told)
        standing.kept = told
    add(TierChange, rows)
    gives = [(row["seq"], step) for row, step in zip(rows, steps, strict=True) if step.gifts]
    add(Job, [_promise(standing.member_id, seq, step, now) for seq, step in gives])
    return [_event(step) for step in steps]


def record_joined(member_id: UUID, lowest: Rung, at: datetime) -> None:
    """The first line of a new member's history."""
    nothing = (None, None, None)
    step = Step(TierCause.JOINED, TierSource.EARNED, at, lowest, lowest, None, lowest, *nothing)
    add(TierChange, [{**_row(member_id, step, 1), "from_tier_id": None}])


def _row(member_id: UUID, step: Step, seq: int) -> dict[str, Any]:
    return {
        "member_id": member_id,
        "seq": seq,
        "from_tier_id": step.from_tier.id,
        "to_tier_id": step.to_tier.id,
        "cause": step.cause,
        "purchase_id": step.purchase_id,
        "at": step.at,
        "source": step.source,
        "own_from_id": step.own_from and step.own_from.id,
        "own_to_id": step.own_to and step.own_to.id,
        "ended_at": step.ended_at,
        "ends_at": step.ends_at,
        "graced_until": step.graced_until,
        "reason": step.reason,
    }


def _promise(member_id: UUID, seq: int, step: Step, now: datetime) -> dict[str, Any]:
    """The job that gives what a step won. Each step is written once, and so is its job."""
    gifts = [{"tier_id": str(each.tier_id), "points": each.points, "cycle": each.cycle} for each in step.gifts]
    return {
        "name": GIFTS,
        "cause": f"{member_id}:{seq}",
        "facts": {"member_id": str(member_id), "seq": seq, "gifts": gifts},
        "state": JobState.READY,
        "due_at": now,
        "created_at": now,
    }


def _event(step: Step) -> Event:
    """A step as it is told: another tier in effect, or something about a tier that stays."""
    body = {"cause": step.cause.value, "from": step.from_tier.code, "to": step.to_tier.code}
    told = {**body, "source": step.source.value}
    return Event("tier.reviewed", told) if step.from_tier is step.to_tier else Event("tier.changed", told)
