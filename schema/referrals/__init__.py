"""Referrals: campaigns as staff publish them, codes and touches, and who brought whom."""

from typing import Annotated

import strawberry

from models.referrals import ReferralState
from models.sql import SQL
from models.units import ReasonCode, is_plain
from rules import referrals
from rules.referrals import USUAL
from rules.refusals import NotFound
from schema import ids, pages
from schema.context import Info
from schema.errors import UserError, bad_input, command, key_of
from schema.pages import After, Before, Connection, First, Last
from schema.permissions import DESK, LEADS, MEMBER, PUBLIC, STAFF, Audience, Rule, asked, seen
from schema.referrals._campaign import ReferralCampaign, ReferralCampaignInput, campaign_in
from schema.referrals._invitees import JOINED, SEES
from schema.referrals._member import (
    BROUGHT,
    COLUMNS,
    MemberReferral,
    Referral,
    ReferralCode,
    referral_of,
    shown,
)
from schema.referrals._reviews import ReviewsMutation, ReviewsQuery
from schema.scalars import KEY_SAYS

__all__ = [
    "SEES",
    "MemberReferral",
    "ReferralsMutation",
    "ReferralsQuery",
    "ReviewsMutation",
    "ReviewsQuery",
    "referral_of",
]

CAMPAIGNS: Rule = LEADS | {Audience.OPERATOR}
TEXT_MAX = 128

EXPECTED = "Refuse unless this is the newest version, 0 for none, so that two people do not overwrite each other."


@strawberry.type(description="What became of a campaign.")
class ReferralCampaignPayload:
    campaign: ReferralCampaign | None = seen(CAMPAIGNS, "The version; null when refused.", default=None)
    replayed: bool = seen(CAMPAIGNS, "Whether this had been done before.", default=False)
    user_errors: list[UserError] = seen(CAMPAIGNS, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="A member's code.")
class ReferralCodePayload:
    code: ReferralCode | None = seen(MEMBER, "The code; null when refused.", default=None)
    user_errors: list[UserError] = seen(MEMBER, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="That a touch was taken note of.")
class ReferralTouchPayload:
    accepted: bool = seen(
        PUBLIC, "True, whatever code it was: nobody learns here which codes there are.", default=False
    )
    user_errors: list[UserError] = seen(PUBLIC, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="What became of a member who was to be bound.")
class ReferralBindPayload:
    referral: Referral | None = seen(DESK, "The referral; null when refused.", default=None)
    replayed: bool = seen(DESK, "Whether this had been done before.", default=False)
    user_errors: list[UserError] = seen(DESK, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="A campaign to bring into force.")
class ReferralCampaignPublishInput:
    campaign: ReferralCampaignInput = strawberry.field(
        description="All of it: what is left out is not kept of the version before."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="A channel to have a code for.")
class ReferralCodeCreateInput:
    channel: str = strawberry.field(
        default=USUAL, description="Where it will be shown: 1 to 32 capitals, digits and underscores."
    )


@strawberry.input(description="That a device came by way of a code.")
class ReferralTouchInput:
    code: str = strawberry.field(description="The code as it was scanned or typed, or the `scene` that carried it.")
    device: str = strawberry.field(
        description="What the app calls the device: random, kept on the device, 1 to 128 characters. Only a keyed "
        "hash of it is stored. Send the same when the member enrols."
    )
    channel: str | None = strawberry.field(
        default=None,
        description="Where it was shown, where that is not the code's own channel. A partner's link keeps its own.",
    )
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="A member to bind to whose code it is.")
class ReferralBindInput:
    member_id: strawberry.ID = strawberry.field(description="Who was brought.")
    code: str = strawberry.field(description="The code of whoever brought them.")
    reason: ReasonCode = strawberry.field(description="Why by hand, in one word: `FORGOT_CODE`.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="Which referrals to list.")
class ReferralsFilter:
    state: ReferralState | None = strawberry.field(default=None, description="Only those that stand here.")
    campaign: str | None = strawberry.field(default=None, description="Only those of this campaign.")


PAGES = {
    (backwards, by_state): SQL(
        f"SELECT {COLUMNS} FROM {JOINED} WHERE ({'f.state = $1' if by_state else '$1::text IS NULL'})"  # noqa: S608
        " AND ($2::text IS NULL OR f.campaign = $2::text)"
        f" AND ($3::timestamptz IS NULL OR (f.bound_at, f.referee_id) {beyond} ($3::timestamptz, $4::uuid))"
        f" ORDER BY f.bound_at {order}, f.referee_id {order} LIMIT $5",
        fans_out="staff list referrals, whoever was brought",
    )
    for backwards, order, beyond in ((False, "DESC", "<"), (True, "ASC", ">"))
    for by_state in (False, True)
}


@strawberry.type
class ReferralsQuery:
    """What may be asked of referrals."""

    @asked(STAFF, "The referral campaigns, each in its newest version, by their codes; 100 at most.")
    async def referral_campaigns(self) -> list[ReferralCampaign] | None:
        """The newest versions."""
        return [ReferralCampaign.of(each) for each in await referrals.newest()]

    @asked(STAFF - {Audience.CASHIER}, "Referrals, the newest first.")
    async def referrals(
        self,
        info: Info,
        filter: Annotated[
            ReferralsFilter | None, strawberry.argument(description="Which ones; all by default.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Referral] | None:
        """A page of referrals."""
        window = pages.window(first=first, after=after, last=last, before=before, shape=pages.BY_MOMENT)
        state, campaign = (filter.state, filter.campaign) if filter else (None, None)
        if campaign is not None and not is_plain(campaign):
            raise bad_input("`campaign` is printable characters.")
        at, beyond = window.key or (None, None)
        read = PAGES[window.backwards, state is not None]
        rows = await read.rows(state and state.value, campaign, at, beyond, window.fetch)
        found = {row["referee_id"]: each for row, each in zip(rows, await shown(rows, info.context), strict=True)}
        return pages.page(
            rows, window, lambda row: found[row["referee_id"]], lambda row: (row["bound_at"], row["referee_id"])
        )


@strawberry.type
class ReferralsMutation:
    """What may be done with referrals."""

    @command(
        CAMPAIGNS,
        "Bring a referral campaign into force, or its next version. Who is bound already keeps to the version they "
        "were bound under.",
        ReferralCampaignPayload,
        referrals.publish,
    )
    async def referral_campaign_publish(
        self, info: Info, input: ReferralCampaignPublishInput
    ) -> ReferralCampaignPayload | None:
        """Publish a campaign."""
        context = info.context
        done = await referrals.publish(
            campaign_in(input.campaign),
            expected_version=input.expected_version,
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        return ReferralCampaignPayload(campaign=ReferralCampaign.of(done.campaign), replayed=done.replayed)

    @command(
        MEMBER,
        "Your code for a channel, by which you recommend the programme: the one you have, or a fresh one. It costs "
        "nothing.",
        ReferralCodePayload,
        referrals.own_code,
    )
    async def referral_code_create(self, info: Info, input: ReferralCodeCreateInput) -> ReferralCodePayload | None:
        """Make a code.

        Raises: NotFound.
        """
        own = info.context.member_id
        if own is None:
            raise NotFound
        made = await referrals.own_code(own, input.channel, now=info.context.now)
        known = await referrals.newest()
        return ReferralCodePayload(code=ReferralCode.of(made, known, info.context.now))

    @command(
        PUBLIC,
        "Take note that a device came by way of a code, before anybody logs in. Every code is answered alike, "
        "known or not, and nothing of a person is kept. Limited by device and by network.",
        ReferralTouchPayload,
        referrals.touch,
    )
    async def referral_touch(self, info: Info, input: ReferralTouchInput) -> ReferralTouchPayload | None:
        """Take note of a touch."""
        context = info.context
        if not 0 < len(input.device) <= TEXT_MAX:
            raise bad_input(f"`device` has 1 to {TEXT_MAX} characters.")
        await referrals.touch(
            input.code,
            input.device,
            channel=input.channel,
            network=context.network,
            key=key_of(input.idempotency_key),
            now=context.now,
        )
        return ReferralTouchPayload(accepted=True)

    @command(
        DESK,
        "Bind a member to whoever brought them, by hand. What they bought before counts for nothing.",
        ReferralBindPayload,
        referrals.bind,
    )
    async def referral_bind(self, info: Info, input: ReferralBindInput) -> ReferralBindPayload | None:
        """Bind a member.

        Raises: NotFound.
        """
        context = info.context
        who = ids.decode_one(ids.Tag.MEMBER, input.member_id)
        if who is None:
            raise NotFound
        done = await referrals.bind(
            who,
            input.code[:TEXT_MAX],
            reason=input.reason,
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        [found] = await shown(await BROUGHT.rows([done.referee_id]), context)
        return ReferralBindPayload(referral=found, replayed=done.replayed)
