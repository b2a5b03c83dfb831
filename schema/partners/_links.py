"""Links as a partner makes and lists its own."""

from typing import Any
from uuid import UUID

import strawberry

from models.sql import SQL
from models.units import is_plain
from rules import partners, referrals
from rules.partners import LINKS_MAX
from rules.referrals import SCENE, Campaign
from rules.refusals import NotFound
from schema import pages
from schema.context import Context, Info
from schema.errors import UserError, command, key_of
from schema.pages import Connection, Window
from schema.permissions import LINKS, MAKES_LINKS, seen
from schema.scalars import KEY_SAYS, Moment

CODE_MAX = 16


@strawberry.type(description="A link (推广链接) by which a partner brings members.")
class PartnerLink:
    code: str = seen(LINKS, "Ten letters and digits, without those that are taken for each other.")
    channel: str = seen(LINKS, "Where it is shown: what statistics are told by.")
    campaign: str | None = seen(LINKS, "The campaign it is for; null for that which is usual when it is used.")
    link: str | None = seen(LINKS, "A web address that carries it; null where the campaign names none.")
    scene: str = seen(LINKS, "The `scene` of a mini-program code: `r=` and the code.")
    created_at: Moment = seen(LINKS, "Since when it exists.")
    retired_at: Moment | None = seen(LINKS, "Since when it brings nobody any more; null while it does.")


COLUMNS = "code, channel, campaign, created_at, retired_at"
WHY = "a partner's links are its own"
ONE = SQL(f"SELECT {COLUMNS} FROM referral_code WHERE partner_id = $1 AND code = $2", fans_out=WHY)  # noqa: S608
PAGES = {
    backwards: SQL(
        f"SELECT {COLUMNS} FROM referral_code WHERE partner_id = $1"  # noqa: S608  constants
        f" AND ($2::timestamptz IS NULL OR (created_at, code) {beyond} ($2::timestamptz, $3::text))"
        f" ORDER BY created_at {order}, code {order} LIMIT $4",
        fans_out=WHY,
    )
    for backwards, order, beyond in ((False, "DESC", "<"), (True, "ASC", ">"))
}
SHAPE = (pages.moment, pages.plain)


def _shown(row: dict[str, Any], partner_id: UUID, known: list[Campaign], context: Context) -> PartnerLink:
    campaign = referrals.meant(known, row["campaign"], context.now, partner_id=partner_id)
    link = campaign.link_of(row["code"]) if campaign else None
    return PartnerLink(link=link, scene=SCENE + row["code"], **row)


async def links(partner_id: UUID, asked: Window, context: Context) -> Connection[PartnerLink]:
    """A page of a partner's links, newest first."""
    at, beyond = asked.key or (None, None)
    rows = await PAGES[asked.backwards].rows(partner_id, at, beyond, asked.fetch)
    known = await referrals.newest() if rows else []
    return pages.page(
        rows,
        asked,
        lambda row: _shown(row, partner_id, known, context),
        lambda row: (row["created_at"], row["code"]),
    )


@strawberry.type(description="What became of a link.")
class PartnerLinkPayload:
    link: PartnerLink | None = seen(MAKES_LINKS, "The link; null when refused.", default=None)
    user_errors: list[UserError] = seen(MAKES_LINKS, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="A link to make.")
class PartnerLinkCreateInput:
    channel: str = strawberry.field(description="Where it will be shown: 1 to 32 capitals, digits and underscores.")
    campaign: str | None = strawberry.field(
        default=None, description="The code of the campaign it is for; that which is usual when left out."
    )
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="A link that is to bring nobody any more.")
class PartnerLinkRetireInput:
    code: str = strawberry.field(description="Its code.")


async def _payload(partner_id: UUID, code: str, context: Context) -> PartnerLinkPayload:
    row = await ONE.row(partner_id, code)
    return PartnerLinkPayload(link=_shown(row, partner_id, await referrals.newest(), context) if row else None)


def _caller(context: Context) -> UUID:
    """The partner that calls. Raises: NotFound."""
    found = context.partner_id
    if found is None:
        raise NotFound
    return found


@strawberry.type
class LinksMutation:
    """What may be done with links."""

    @command(
        MAKES_LINKS,
        f"Make a link for a channel, and a campaign perhaps: {LINKS_MAX} at most, with those that are retired.",
        PartnerLinkPayload,
        partners.open_link,
    )
    async def partner_link_create(self, info: Info, input: PartnerLinkCreateInput) -> PartnerLinkPayload | None:
        """Make a link."""
        context, partner_id = info.context, _caller(info.context)
        code = await partners.open_link(
            partner_id,
            input.channel,
            input.campaign,
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        return await _payload(partner_id, code, context)

    @command(
        MAKES_LINKS,
        "Retire a link: it brings nobody any more, and who came by it stays. Retiring it again changes nothing.",
        PartnerLinkPayload,
        partners.retire_link,
    )
    async def partner_link_retire(self, info: Info, input: PartnerLinkRetireInput) -> PartnerLinkPayload | None:
        """Retire a link.

        Raises: NotFound.
        """
        context, partner_id, code = info.context, _caller(info.context), input.code
        if len(code) > CODE_MAX or not is_plain(code):
            raise NotFound
        await partners.retire_link(partner_id, code, actor=context.actor, now=context.now)
        return await _payload(partner_id, code, context)
