"""Schemes of tiers as a client sees them: published as versions, and tiers that staff give and take."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
import strawberry

from models.sql import SQL
from models.units import BALANCE_MAX, ReasonCode, is_plain
from rules import tiers
from rules.refusals import NotFound
from rules.schemes import FIRST, read
from schema import ids, pages
from schema.context import Info
from schema.errors import INPUT, UserError, bad_input, command, key_of
from schema.members import Member, member
from schema.pages import After, Before, Connection, First, Last
from schema.permissions import DESK, LEADS, PUBLIC, STAFF, asked, seen
from schema.scalars import KEY_SAYS, Long, Moment
from schema.schemes._document import TierScheme, TierSchemeInput, written
from schema.tiers import FORESEES, TierPreview, foreseen_tier

__all__ = ["SchemesMutation", "SchemesQuery"]

CODE_MAX = 32

COLUMNS = "version, document, published_at"
NEWEST = SQL(f"SELECT {COLUMNS} FROM tier_scheme ORDER BY version DESC LIMIT 1")  # noqa: S608  a constant
VERSIONS = {
    backwards: SQL(
        f"SELECT {COLUMNS} FROM tier_scheme WHERE ($1::int IS NULL OR version {beyond} $1::int)"  # noqa: S608
        f" ORDER BY version {order} LIMIT $2"
    )
    for backwards, order, beyond in ((False, "DESC", "<"), (True, "ASC", ">"))
}


def _shown(row: dict[str, Any]) -> TierScheme:
    scheme, ladder = read(orjson.loads(row["document"]))
    return TierScheme.of(scheme, ladder, row["published_at"])


async def _newest(info: Info) -> TierScheme:
    row = await NEWEST.row()
    if row is not None:
        return _shown(row)
    return TierScheme.of(FIRST, (await info.context.reference.terms()).ladder, None)


@strawberry.input(description="So much more of what counts for tiers.")
class TierPreviewInput:
    member_id: strawberry.ID = strawberry.field(description="Whose tier.")
    more: Long = strawberry.field(
        description="How much more would count from now on, or less: growth, minor units spent, or orders."
    )


@strawberry.type
class SchemesQuery:
    """What may be asked of schemes."""

    @asked(
        PUBLIC, "How tiers are won, held and lost, as it was published last. Version 0 was set up, not published."
    )
    async def tier_scheme(self, info: Info) -> TierScheme | None:
        """The newest scheme."""
        return await _newest(info)

    @asked(FORESEES, "What so much more growth, spending or orders would change for a tier. Writes nothing.")
    async def tier_preview(self, info: Info, input: Annotated[TierPreviewInput, INPUT]) -> TierPreview | None:
        """Try so much more."""
        context, member_id = info.context, ids.decode_one(ids.Tag.MEMBER, input.member_id)
        if not -BALANCE_MAX <= input.more <= BALANCE_MAX:
            raise bad_input(f"`more` is at most {BALANCE_MAX}, either way.")
        if member_id is None:
            return None
        try:
            prospect = await tiers.preview(member_id, input.more, now=context.now)
        except NotFound:
            return None
        tier, after = await foreseen_tier(context, prospect)
        return TierPreview(tier=tier, after=after)

    @asked(STAFF, "Every version of the scheme that was published, newest first.")
    async def tier_schemes(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[TierScheme] | None:
        """A page of versions."""
        window = pages.window(first=first, after=after, last=last, before=before, shape=(pages.whole,))
        rows = await VERSIONS[window.backwards].rows(window.key[0] if window.key else None, window.fetch)
        return pages.page(rows, window, _shown, lambda row: (row["version"],))


@strawberry.type(description="The scheme after it.")
class TierSchemePayload:
    scheme: TierScheme | None = seen(LEADS, "The scheme that was published; null when refused.", default=None)
    replayed: bool = seen(LEADS, "Whether the same request had been done before.", default=False)
    user_errors: list[UserError] = seen(LEADS, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="The member after a tier was given to them, or taken.")
class TierGrantPayload:
    member: Member | None = seen(DESK, "The member; null when refused.", default=None)
    replayed: bool = seen(DESK, "Whether the same request had been done before.", default=False)
    user_errors: list[UserError] = seen(DESK, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="A scheme to publish.")
class TierSchemePublishInput:
    scheme: TierSchemeInput = strawberry.field(description="All of it: what is left out is as it is by default.")
    expected_version: Long | None = strawberry.field(
        default=None, description="The version you have seen last: another one in force is not overwritten."
    )
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="A tier to give.")
class TierGrantInput:
    member_id: strawberry.ID = strawberry.field(description="To whom.")
    tier_code: str = strawberry.field(description="Which tier, by its code. Not the lowest: everybody has that.")
    until: Moment = strawberry.field(description="Until when: the first moment at which it is held no longer.")
    reason: ReasonCode = strawberry.field(description="Why, in one word: `GOODWILL`.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="A tier to take back that was given.")
class TierRevokeInput:
    member_id: strawberry.ID = strawberry.field(description="From whom.")
    reason: ReasonCode = strawberry.field(description="Why, in one word: `MISTAKE`.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


def _whom(text: str) -> UUID:
    found = ids.decode_one(ids.Tag.MEMBER, text)
    if found is None:
        raise NotFound
    return found


@strawberry.type
class SchemesMutation:
    """What may be done with schemes, and by hand."""

    @command(
        LEADS,
        "Publish how tiers are won, held and lost, as a new version. Nobody loses a tier by it: whoever has "
        "reached a higher one is lifted within minutes, whoever has less keeps theirs until its review.",
        TierSchemePayload,
        tiers.publish,
    )
    async def tier_scheme_publish(self, info: Info, input: TierSchemePublishInput) -> TierSchemePayload | None:
        """Publish a scheme."""
        context = info.context
        done = await tiers.publish(
            written(input.scheme),
            expected_version=input.expected_version,
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        context.reference.forget()
        return TierSchemePayload(scheme=await _newest(info), replayed=done.replayed)

    @command(
        DESK,
        "Give a member a tier until a moment, whatever they have earned; in place of what was given before.",
        TierGrantPayload,
        tiers.grant,
    )
    async def tier_grant(self, info: Info, input: TierGrantInput) -> TierGrantPayload | None:
        """Give a tier."""
        context, code = info.context, input.tier_code
        if not 0 < len(code) <= CODE_MAX or not is_plain(code):
            raise bad_input(f"`tierCode` has 1 to {CODE_MAX} printable characters.")
        who, until = _whom(input.member_id), input.until
        given = await tiers.grant(
            who,
            code,
            _moment(until),
            reason=input.reason,
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        return TierGrantPayload(member=await member(who), replayed=given.replayed)

    @command(
        DESK,
        "Take back at once a tier that was given. The member holds what they earned, or paid for, from then on.",
        TierGrantPayload,
        tiers.revoke,
    )
    async def tier_revoke(self, info: Info, input: TierRevokeInput) -> TierGrantPayload | None:
        """Take a tier back."""
        context, who = info.context, _whom(input.member_id)
        key = key_of(input.idempotency_key)
        given = await tiers.revoke(who, reason=input.reason, key=key, actor=context.actor, now=context.now)
        return TierGrantPayload(member=await member(who), replayed=given.replayed)


def _moment(given: Moment) -> datetime:
    return given
