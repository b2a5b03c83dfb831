"""Reviews: the queue of suspicious referrals, with what speaks against each and what is known of both sides."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.members import MemberState
from models.referrals import ReferralState
from models.sql import SQL
from models.units import ReasonCode
from rules import referrals
from rules.referrals import Decision, Suspicion
from rules.refusals import NotFound
from schema import ids, pages
from schema.context import Context, Info
from schema.enums import describe
from schema.errors import UserError, command, key_of
from schema.pages import After, Before, Connection, First, Last
from schema.permissions import DESK, asked, seen
from schema.referrals._invitees import JOINED, masked
from schema.referrals._member import BROUGHT, COLUMNS, Referral, shown
from schema.scalars import KEY_SAYS, Long, Moment

describe(
    Suspicion,
    "What speaks against a referral.",
    {
        Suspicion.SAME_DEVICE: "Others were bound with the device the referee registered with.",
        Suspicion.SAME_PAYER: "Who paid the referee's order has paid other members' orders.",
        Suspicion.SAME_ADDRESS: "Other members' orders went where the referee's did.",
        Suspicion.STAFF: "The referrer works for the programme.",
        Suspicion.VELOCITY: "The referrer brought many in an hour or a day.",
    },
    name="ReferralSuspicionReason",
)
describe(
    Decision,
    "What somebody makes of a suspicious referral.",
    {
        Decision.APPROVE: "It goes on from where it stood. It is asked about again when more speaks against it.",
        Decision.REJECT: "It never qualifies.",
    },
    name="ReferralDecision",
)


@strawberry.type(description="One thing that speaks against a referral.")
class ReferralSuspicion:
    reason: Suspicion = seen(DESK, "What it is.")
    count: int = seen(DESK, "How many others it is about, or how many were brought.")


@strawberry.type(description="What is known of one side of a referral, without saying who it is.")
class ReferralParty:
    name: str = seen(DESK, "The first letter of what they wish to be called, and no more.")
    active: bool = seen(DESK, "Whether the membership is active: not frozen, opted out, merged or erased.")
    joined_at: Moment | None = seen(DESK, "When they joined.")
    orders: int = seen(DESK, "How many orders they have paid.")
    spent_minor: Long = seen(DESK, "What they paid for goods and did not get back.")
    brought: int = seen(DESK, "How many they brought.")
    rewarded: int = seen(DESK, "For how many of them they were rewarded, or will be.")
    in_review: int = seen(DESK, "How many of them somebody has to look at.")
    rejected: int = seen(DESK, "How many of them were refused.")


@strawberry.type(description="A suspicious referral, for whoever has to look at it.")
class ReferralReview:
    referral: Referral = seen(DESK, "The referral.")
    score: int = seen(DESK, "The sum of what speaks against it.")
    cleared: int | None = seen(DESK, "With which score somebody let it go on; null when nobody did.")
    suspicions: list[ReferralSuspicion] = seen(DESK, "What speaks against it, the gravest first: 4 at most.")
    review_until: Moment | None = seen(
        DESK, "Until when somebody may look at it; after that it is refused. Null where nobody has to."
    )
    referee: ReferralParty = seen(DESK, "Who was brought.")
    referrer: ReferralParty | None = seen(DESK, "Who brought them; null where it was a partner.")


@strawberry.type(description="What became of a referral somebody has looked at.")
class ReferralReviewPayload:
    referral: Referral | None = seen(DESK, "The referral; null when refused.", default=None)
    replayed: bool = seen(DESK, "Whether this had been done before.", default=False)
    user_errors: list[UserError] = seen(DESK, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="What somebody makes of a suspicious referral.")
class ReferralReviewInput:
    member_id: strawberry.ID = strawberry.field(description="Who was brought: `referral { refereeId }`.")
    decision: Decision = strawberry.field(description="Whether it goes on.")
    reason: ReasonCode = strawberry.field(description="Why, in one word: `SAME_HOUSEHOLD`.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


PAGES = {
    backwards: SQL(
        f"SELECT {COLUMNS}, f.evidence, f.cleared, f.review_until FROM {JOINED} WHERE f.state = $1"  # noqa: S608
        f" AND ($2::timestamptz IS NULL OR (f.bound_at, f.referee_id) {beyond} ($2::timestamptz, $3::uuid))"
        f" ORDER BY f.bound_at {order}, f.referee_id {order} LIMIT $4",
        fans_out="staff look at suspicious referrals, whoever was brought",
    )
    for backwards, order, beyond in ((False, "ASC", ">"), (True, "DESC", "<"))
}
KNOWN = SQL(
    "SELECT m.id, m.state, m.joined_at, COUNT(p.id) AS orders,"
    " COALESCE(SUM(p.goods_minor - p.refunded_minor), 0)::bigint AS spent FROM member m"
    " LEFT JOIN purchase p ON p.member_id = m.id AND p.paid_at IS NOT NULL"
    " WHERE m.id = ANY($1::uuid[]) GROUP BY m.id, m.state, m.joined_at",
    fans_out="a page of reviews tells of both sides of each",
)
BROUGHT_BY = SQL(
    "SELECT referrer_id, COUNT(*) AS brought,"
    " SUM(CASE WHEN state IN ('QUALIFIED', 'REWARDED') THEN 1 ELSE 0 END)::bigint AS rewarded,"
    " SUM(CASE WHEN state = 'REVIEW' THEN 1 ELSE 0 END)::bigint AS in_review,"
    " SUM(CASE WHEN state = 'REJECTED' THEN 1 ELSE 0 END)::bigint AS rejected"
    " FROM referral WHERE referrer_id = ANY($1::uuid[]) GROUP BY referrer_id",
    fans_out="a page of reviews tells of both sides of each",
)
NOBODY = {"brought": 0, "rewarded": 0, "in_review": 0, "rejected": 0}


async def _reviews(rows: Sequence[dict[str, Any]], context: Context) -> list[ReferralReview]:
    """Reviews with what is known of both sides of each."""
    people = [whose for row in rows for whose in (row["referee_id"], row["referrer_id"]) if whose]
    known = {row["id"]: row for row in await KNOWN.rows(people)}
    brought = {row["referrer_id"]: row for row in await BROUGHT_BY.rows(people)}
    made = []
    for row, each in zip(rows, await shown(rows, context), strict=True):
        sides = (row["referee_id"], each.referee), (row["referrer_id"], each.referrer)
        referee, referrer = (
            whose and _party(known[whose], brought.get(whose, NOBODY), card.display_name if card else None)
            for whose, card in sides
        )
        evidence = (row["evidence"] or {}).items()
        made.append(
            ReferralReview(
                referral=each,
                score=row["score"],
                cleared=row["cleared"],
                suspicions=[ReferralSuspicion(reason=Suspicion(why), count=count) for why, count in evidence],
                review_until=row["review_until"],
                referee=referee,
                referrer=referrer,
            )
        )
    return made


def _party(known: dict[str, Any], brought: dict[str, Any], name: str | None) -> ReferralParty:
    return ReferralParty(
        name=masked(name),
        active=known["state"] == MemberState.ACTIVE.value,
        joined_at=known["joined_at"],
        orders=known["orders"],
        spent_minor=Long(known["spent"]),
        **{each: brought[each] for each in NOBODY},
    )


@strawberry.type
class ReviewsQuery:
    """What may be asked of reviews."""

    @asked(DESK, "Referrals that somebody has to look at, the oldest first; or that stand elsewhere.")
    async def referral_reviews(
        self,
        info: Info,
        state: Annotated[
            ReferralState, strawberry.argument(description="Where they stand; in review by default.")
        ] = ReferralState.REVIEW,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[ReferralReview] | None:
        """A page of reviews."""
        window = pages.window(first=first, after=after, last=last, before=before, shape=pages.BY_MOMENT)
        at, beyond = window.key or (None, None)
        rows = await PAGES[window.backwards].rows(state.value, at, beyond, window.fetch)
        made = zip(rows, await _reviews(rows, info.context), strict=True)
        found: dict[UUID, ReferralReview] = {row["referee_id"]: each for row, each in made}
        return pages.page(
            rows, window, lambda row: found[row["referee_id"]], lambda row: (row["bound_at"], row["referee_id"])
        )


@strawberry.type
class ReviewsMutation:
    """What may be done with reviews."""

    @command(
        DESK,
        "Let a suspicious referral go on from where it stood, or refuse it. One whose hold is over is rewarded.",
        ReferralReviewPayload,
        referrals.review,
    )
    async def referral_review(self, info: Info, input: ReferralReviewInput) -> ReferralReviewPayload | None:
        """Decide on a referral.

        Raises: NotFound.
        """
        context = info.context
        who = ids.decode_one(ids.Tag.MEMBER, input.member_id)
        if who is None:
            raise NotFound
        done = await referrals.review(
            who,
            input.decision,
            reason=input.reason,
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        [found] = await shown(await BROUGHT.rows([done.referee_id]), context)
        return ReferralReviewPayload(referral=found, replayed=done.replayed)
