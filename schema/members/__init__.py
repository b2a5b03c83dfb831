"""Members: who they are, how they are found, and what may be done with them."""

from typing import Annotated, cast
from uuid import UUID

import strawberry

from models.members import MemberState
from models.units import ReasonCode, is_plain
from rules import lifecycle, members
from rules.members import Profile
from rules.referrals import Came
from rules.refusals import NotFound
from schema import ids, pages
from schema.context import Info
from schema.errors import UserError, bad_input, command
from schema.identities import IdentityInput, identities, known
from schema.members._leaving import LeavingMutation
from schema.members._lists import BEFORE_ALL, LIST, chosen
from schema.members._member import Member, foreseen, member
from schema.members._merging import MergingMutation, MergingQuery
from schema.members._wanted import wanted
from schema.pages import After, Before, Connection, First, Last, Page
from schema.permissions import DESK, LEADS, MEMBER, SEES_MEMBER, STAFF, WRITES_MEMBERS, Audience, asked, seen
from schema.scalars import Day

__all__ = [
    "LeavingMutation",
    "Member",
    "MembersMutation",
    "MembersQuery",
    "MergingMutation",
    "MergingQuery",
    "member",
]

ENROLS = DESK | MEMBER | WRITES_MEMBERS
REFERRAL_MAX = 128
RECOGNISES = DESK | WRITES_MEMBERS | {Audience.CASHIER}


@strawberry.input(one_of=True, description="How to look a member up.")
class MemberBy:
    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="By the member's id.")
    identity: IdentityInput | None = strawberry.field(
        default=strawberry.UNSET, description="By a name they are known by."
    )


@strawberry.input(description="Which members to list.")
class MembersFilter:
    state: MemberState | None = strawberry.field(default=None, description="Only those in this state.")
    tier_code: str | None = strawberry.field(default=None, description="Only those of this tier.")


@strawberry.type
class MembersQuery:
    """What may be asked of members."""

    @asked(MEMBER, "The calling member.")
    async def me(self, info: Info) -> Member | None:
        """The calling member."""
        own = info.context.member_id
        return await foreseen(own, wanted(info), info, is_own=True) if own else None

    @asked(SEES_MEMBER - MEMBER, "One member, by id or by a name they are known by; null when there is none.")
    async def member(
        self, info: Info, by: Annotated[MemberBy, strawberry.argument(description="How to look them up.")]
    ) -> Member | None:
        """One member."""
        if isinstance(by.id, str):
            found = ids.decode_one(ids.Tag.MEMBER, by.id)
        else:
            found = await known(by.identity)
        return await foreseen(found, wanted(info), info) if found else None

    @asked(STAFF - {Audience.CASHIER}, "Members, newest first.")
    async def members(
        self,
        info: Info,
        filter: Annotated[
            MembersFilter | None, strawberry.argument(description="Which ones; all by default.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Member] | None:
        """A page of members."""
        want = wanted(info)
        asked_for = pages.window(first=first, after=after, last=last, before=before, shape=pages.BY_MOMENT)
        tier_code = filter.tier_code if filter else None
        if tier_code and not is_plain(tier_code):
            raise bad_input("`tierCode` is printable characters.")
        by, given = chosen(filter.state if filter else None, tier_code)
        key = asked_for.key or BEFORE_ALL[asked_for.backwards]
        more = (*given, info.context.now) if want.whole else given
        query = LIST[by, asked_for.backwards, want.whole]
        rows = await (query.showing(want.shown) if want.whole else query).rows(*key, asked_for.fetch, *more)
        return cast("Connection[Member]", Page(rows, asked_for))


@strawberry.type(description="Whom the identities mean.")
class MemberIdentifyPayload:
    member: Member | None = seen(RECOGNISES, "The member; null when refused.", default=None)
    created: bool = seen(RECOGNISES, "Whether they were created for it.", default=False)
    user_errors: list[UserError] = seen(RECOGNISES, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="Who was enrolled.")
class MemberEnrollPayload:
    member: Member | None = seen(ENROLS, "The member; null when refused.", default=None)
    replayed: bool = seen(ENROLS, "Whether they had been a member before.", default=False)
    user_errors: list[UserError] = seen(ENROLS, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="The member after it.")
class MemberPayload:
    member: Member | None = seen(DESK | MEMBER, "The member; null when refused.", default=None)
    user_errors: list[UserError] = seen(
        DESK | MEMBER, "Why it was refused; empty on success.", default_factory=list
    )


@strawberry.input(description="What a member says of themselves. What is left out stays as it is.")
class ProfileInput:
    display_name: str | None = strawberry.field(default=None, description="1 to 40 characters.")
    avatar_url: str | None = strawberry.field(default=None, description="An https address, 300 characters at most.")
    birthday: Day | None = strawberry.field(default=None, description="The day of birth.")


@strawberry.input(description="Somebody to recognise.")
class MemberIdentifyInput:
    identities: list[IdentityInput] = strawberry.field(
        description="What is known of them, 1 to 10. Names nobody has yet are added to the member they mean; a "
        "cashier only finds."
    )
    allow_create: bool = strawberry.field(
        default=False, description="Create an active member when nobody is meant."
    )


@strawberry.input(description="How somebody came to register.")
class ReferralCameInput:
    code: str | None = strawberry.field(
        default=None,
        description="The referral code they brought, as they typed it, or the `scene` that carried it.",
    )
    device: str | None = strawberry.field(
        default=None, description="What the app calls the device, as `referralTouch` was told: its touches count."
    )


@strawberry.input(description="Somebody to enrol.")
class MemberEnrollInput:
    identities: list[IdentityInput] | None = strawberry.field(
        default=None, description="What is known of them. Members leave it out: they enrol themselves."
    )
    profile: ProfileInput | None = strawberry.field(default=None, description="What they say of themselves.")
    referral: ReferralCameInput | None = strawberry.field(
        default=None,
        description="How they came, where somebody brought them. Whatever it says, they are enrolled.",
    )


@strawberry.input(description="A member to freeze.")
class MemberFreezeInput:
    member_id: strawberry.ID = strawberry.field(description="Who.")
    reason: ReasonCode = strawberry.field(description="Why, in one word: `RISK_REVIEW`.")


@strawberry.input(description="A member to thaw.")
class MemberUnfreezeInput:
    member_id: strawberry.ID = strawberry.field(description="Who.")
    reason: ReasonCode = strawberry.field(description="Why, in one word: `CLEARED`.")


@strawberry.input(description="A member to erase. There is no way back.")
class MemberEraseInput:
    member_id: strawberry.ID = strawberry.field(description="Who.")
    reason: ReasonCode = strawberry.field(description="Why, in one word: `MEMBER_ASKED`.")


@strawberry.input(description="The calling member's own words about themselves.")
class MemberProfileUpdateInput:
    profile: ProfileInput = strawberry.field(description="What changes.")


def _profile(given: ProfileInput | None) -> Profile:
    return Profile(given.display_name, given.avatar_url, given.birthday) if given else Profile()


def _came(given: ReferralCameInput | None) -> Came | None:
    if given is None:
        return None
    return Came(given.code and given.code[:REFERRAL_MAX], given.device and given.device[:REFERRAL_MAX])


def _member_id(text: str) -> UUID:
    found = ids.decode_one(ids.Tag.MEMBER, text)
    if found is None:
        raise NotFound
    return found


@strawberry.type
class MembersMutation:
    """What may be done with members."""

    @command(
        RECOGNISES,
        "Find the one member some identities mean, or create them.",
        MemberIdentifyPayload,
        lifecycle.identify,
        members.identity,
    )
    async def member_identify(self, info: Info, input: MemberIdentifyInput) -> MemberIdentifyPayload | None:
        """Recognise somebody."""
        context = info.context
        found, created = await lifecycle.identify(
            identities(context, input.identities),
            allow_create=input.allow_create,
            actor=context.actor,
            now=context.now,
        )
        return MemberIdentifyPayload(member=await member(found), created=created)

    @command(
        ENROLS,
        "Make somebody an active member. Doing it again changes nothing.",
        MemberEnrollPayload,
        lifecycle.enroll,
        members.identity,
    )
    async def member_enroll(self, info: Info, input: MemberEnrollInput) -> MemberEnrollPayload | None:
        """Enrol somebody."""
        context = info.context
        own = context.member_id
        whose = [] if own else identities(context, input.identities or ())
        found, before = await lifecycle.enroll(
            own, whose, _profile(input.profile), came=_came(input.referral), actor=context.actor, now=context.now
        )
        return MemberEnrollPayload(member=await member(found), replayed=before)

    @command(
        DESK,
        "Stop a member from spending. What they earn meanwhile waits as pending.",
        MemberPayload,
        lifecycle.freeze,
    )
    async def member_freeze(self, info: Info, input: MemberFreezeInput) -> MemberPayload | None:
        """Freeze a member."""
        context = info.context
        who = _member_id(input.member_id)
        await lifecycle.freeze(who, reason=input.reason, actor=context.actor, now=context.now)
        return MemberPayload(member=await member(who))

    @command(DESK, "Let a frozen member act again, with all that waited.", MemberPayload, lifecycle.unfreeze)
    async def member_unfreeze(self, info: Info, input: MemberUnfreezeInput) -> MemberPayload | None:
        """Thaw a member."""
        context = info.context
        who = _member_id(input.member_id)
        await lifecycle.unfreeze(who, reason=input.reason, actor=context.actor, now=context.now)
        return MemberPayload(member=await member(who))

    @command(
        LEADS,
        "Forget who a member was, for good. Their names, profile and notes are unreadable from then on, in backups "
        "too; the ledger stays, without them. Whoever comes with the same phone later is a stranger.",
        MemberPayload,
        lifecycle.erase,
    )
    async def member_erase(self, info: Info, input: MemberEraseInput) -> MemberPayload | None:
        """Erase a member."""
        context = info.context
        who = _member_id(input.member_id)
        await lifecycle.erase(who, reason=input.reason, actor=context.actor, now=context.now)
        return MemberPayload(member=await member(who))

    @command(MEMBER, "Change what you say of yourself.", MemberPayload, members.tell_profile)
    async def member_profile_update(self, info: Info, input: MemberProfileUpdateInput) -> MemberPayload | None:
        """A member's own words."""
        context = info.context
        own = context.member_id
        if own is None:
            raise NotFound
        await members.tell_profile(own, _profile(input.profile), now=context.now)
        return MemberPayload(member=await member(own))
