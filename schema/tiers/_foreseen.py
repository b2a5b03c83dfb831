"""What is foreseen of a member's tier: where a purchase, or so much more growth, would put them."""

from typing import cast

import strawberry

from rules.outlook import Prospect
from schema.context import Context
from schema.permissions import COUNTER, READS_PURCHASES, Rule, seen
from schema.scalars import Long, Moment
from schema.tiers._ladder import Benefit, Tier, benefit_of, ladder

FORESEES: Rule = COUNTER | READS_PURCHASES
"""Who may ask what something would change."""


@strawberry.type(description="Where a member would stand, and what would be to come.")
class ForeseenTier:
    tier: Tier = seen(FORESEES, "The tier they would hold.")
    ends_at: Moment | None = seen(FORESEES, "When it would be reviewed, or over; null means never.")
    growth_in_window: Long = seen(
        FORESEES, "What would count for tiers: growth, minor units spent or orders, by the scheme and its window."
    )
    next: Tier | None = seen(FORESEES, "The tier above it; null on the highest.")
    next_need: Long | None = seen(FORESEES, "What would still be missing to that; null on the highest.")
    retain_need: Long | None = seen(
        FORESEES, "What would still be missing to keep what is earned (保级); null where it is never reviewed."
    )
    retain_by: Moment | None = seen(FORESEES, "Until when: the review, or the end of the grace.")
    deferred: Tier | None = seen(FORESEES, "A tier that would be reached and begin with the next period.")
    deferred_from: Moment | None = seen(FORESEES, "From when on that would be held.")
    benefits_won: list[Benefit] = seen(FORESEES, "What the tier gives that the one held now does not, or less of.")
    gift_points: Long = seen(FORESEES, "The points of the levels they would rise to, or past; once in a cycle.")


@strawberry.type(description="What so much more, or less, would change.")
class TierPreview:
    tier: Tier = seen(FORESEES, "The tier held now.")
    after: ForeseenTier = seen(FORESEES, "Where they would stand.")


async def foreseen_tier(context: Context, prospect: Prospect) -> tuple[Tier, ForeseenTier]:
    """The tier held now, and where the member would stand."""
    standing, ahead = prospect.standing, prospect.outlook
    named = [each for each in (prospect.before.tier, standing.tier, standing.deferred) if each]
    steps = (await ladder(context, [str(each.id) for each in named])).steps
    step = steps[str(standing.tier.id)]
    above = step.above
    return steps[str(prospect.before.tier.id)].tier, ForeseenTier(
        tier=step.tier,
        ends_at=cast("Moment | None", standing.ends_at),
        growth_in_window=Long(prospect.reached),
        next=above.tier if above else None,
        next_need=Long(max(0, above.rung.threshold - prospect.reached)) if above else None,
        retain_need=cast("Long | None", ahead.need),
        retain_by=cast("Moment | None", ahead.deadline),
        deferred=steps[str(standing.deferred.id)].tier if standing.deferred else None,
        deferred_from=cast("Moment | None", standing.deferred_at),
        benefits_won=[benefit_of(each) for each in prospect.benefits],
        gift_points=Long(sum(each.points for each in prospect.gifts)),
    )
