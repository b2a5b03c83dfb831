"""Partners: organisations that bring members, as they see themselves and as those who lead keep them."""

from typing import Annotated
from uuid import UUID

import strawberry

from models.credentials import KeyScope
from models.sql import SQL
from models.units import BasisPoints, ReasonCode
from rules import keys, partners
from rules.keys import Bounds, Holder
from rules.refusals import NotFound
from schema import ids, pages
from schema.context import Info
from schema.errors import UserError, command
from schema.ids import Tag
from schema.keys import ApiKeyPayload, told
from schema.pages import After, Before, Connection, First, Last
from schema.partners._links import LinksMutation
from schema.partners._partner import COLUMNS, Partner, one
from schema.partners._settlements import ONE as SETTLEMENT
from schema.partners._settlements import PartnerSettlement, SettlementsMutation, settlement
from schema.partners._sheet import sheet
from schema.permissions import LEADS, READS_SETTLEMENTS, SEES_PARTNER, asked, seen
from schema.scalars import BasisPointsValue, Moment

__all__ = ["SETTLEMENT", "LinksMutation", "PartnersMutation", "PartnersQuery", "SettlementsMutation", "sheet"]

PAGES = {
    backwards: SQL(
        f"SELECT {COLUMNS} FROM partner WHERE ($1::text IS NULL OR name {beyond} $1::text)"  # noqa: S608
        f" ORDER BY name {order} LIMIT $2",
        fans_out="partners are nobody's own",
    )
    for backwards, order, beyond in ((False, "ASC", ">"), (True, "DESC", "<"))
}


@strawberry.type(description="What became of a partner.")
class PartnerPayload:
    partner: Partner | None = seen(LEADS, "The partner; null when refused.", default=None)
    user_errors: list[UserError] = seen(LEADS, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="A partner organisation to register.")
class PartnerCreateInput:
    name: str = strawberry.field(description="Its name for people, 1 to 80 characters. No two have the same.")
    fee_bps: BasisPointsValue = strawberry.field(
        default=BasisPointsValue(0), description="What is kept of each settlement, as the contract says."
    )


@strawberry.input(description="A partner whose keys are to open nothing, and whose links are to bring nobody.")
class PartnerDisableInput:
    partner_id: strawberry.ID = strawberry.field(description="Which.")
    reason: ReasonCode = strawberry.field(description="Why: `CONTRACT_ENDED`.")


@strawberry.input(description="A disabled partner whose keys are to open again what they did.")
class PartnerEnableInput:
    partner_id: strawberry.ID = strawberry.field(description="Which.")
    reason: ReasonCode = strawberry.field(description="Why: `CONTRACT_RENEWED`.")


@strawberry.input(description="A key for a partner. Two may live, so that one can follow the other.")
class PartnerKeyCreateInput:
    partner_id: strawberry.ID = strawberry.field(description="Whose it is to be.")
    name: str = strawberry.field(description="What people call it, 1 to 80 characters: `reporting`.")
    scopes: list[KeyScope] | None = strawberry.field(
        default=None,
        description="What it is kept to, of `STATISTICS_READ`, `LINKS_WRITE`, `SETTLEMENTS_READ` and "
        "`WEBHOOKS_WRITE`; all when left out.",
    )
    networks: list[str] | None = strawberry.field(
        default=None, description="From where it may be used, 20 at most: `203.0.113.0/24`. Anywhere when left out."
    )
    expires_at: Moment | None = strawberry.field(default=None, description="When it ends; never when left out.")


def meant(text: str) -> UUID:
    """The partner an id means.

    Raises: NotFound.
    """
    found = ids.decode_one(Tag.PARTNER, text)
    if found is None:
        raise NotFound
    return found


@strawberry.type
class PartnersQuery:
    """What may be asked of partners."""

    @asked(SEES_PARTNER, "The partner organisation that asks. Staff name one by its id.")
    async def partner(
        self,
        info: Info,
        id: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="Which one, for staff. A partner that asks need not say; null for another."
            ),
        ] = None,
    ) -> Partner | None:
        """One partner."""
        mine, named = info.context.partner_id, id and ids.decode_one(Tag.PARTNER, id)
        if id is None:
            return await one(mine) if mine else None
        return await one(named) if named and mine in (None, named) else None

    @asked(
        READS_SETTLEMENTS,
        "One settlement: of the partner that asks, once it is approved; of any, for those who lead. Else null.",
    )
    async def partner_settlement(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Which.")]
    ) -> PartnerSettlement | None:
        """One settlement."""
        return await settlement(id, info.context.partner_id)

    @asked(LEADS, "The partner organisations, by name.")
    async def partners(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Partner] | None:
        """A page of partners."""
        asked_for = pages.window(first=first, after=after, last=last, before=before, shape=(pages.plain,))
        [beyond] = asked_for.key or (None,)
        rows = await PAGES[asked_for.backwards].rows(beyond, asked_for.fetch)
        return pages.page(rows, asked_for, Partner.of, lambda row: (row["name"],))


@strawberry.type
class PartnersMutation:
    """What may be done with partners."""

    @command(LEADS, "Register a partner organisation.", PartnerPayload, partners.register)
    async def partner_create(self, info: Info, input: PartnerCreateInput) -> PartnerPayload | None:
        """Register a partner."""
        context, fee = info.context, BasisPoints(input.fee_bps)
        made = await partners.register(input.name, fee_bps=fee, actor=context.actor, now=context.now)
        return PartnerPayload(partner=await one(made))

    @command(
        LEADS,
        "Disable a partner: its keys open nothing, in every process within a second, and its links bring nobody. "
        "What it earned stays. Disabling it again changes nothing.",
        PartnerPayload,
        partners.disable,
    )
    async def partner_disable(self, info: Info, input: PartnerDisableInput) -> PartnerPayload | None:
        """Disable a partner."""
        which = meant(input.partner_id)
        await partners.disable(which, reason=input.reason, actor=info.context.actor, now=info.context.now)
        return PartnerPayload(partner=await one(which))

    @command(
        LEADS,
        "Enable a disabled partner: its keys and links do what they did before. Enabling it again changes nothing.",
        PartnerPayload,
        partners.enable,
    )
    async def partner_enable(self, info: Info, input: PartnerEnableInput) -> PartnerPayload | None:
        """Enable a partner."""
        which = meant(input.partner_id)
        await partners.enable(which, reason=input.reason, actor=info.context.actor, now=info.context.now)
        return PartnerPayload(partner=await one(which))

    @command(
        LEADS,
        "Issue a key for a partner. `secret` is told once. A third one is refused: `apiKeyRotate` lets one follow "
        "another, `apiKeyRevoke` ends one.",
        ApiKeyPayload,
        keys.issue,
    )
    async def partner_key_create(self, info: Info, input: PartnerKeyCreateInput) -> ApiKeyPayload | None:
        """Issue a key."""
        context = info.context
        issued = await keys.issue(
            Holder.partner(meant(input.partner_id)),
            name=input.name,
            environment=context.environment,
            bounds=Bounds(input.scopes, input.networks, input.expires_at),
            actor=context.actor,
            now=context.now,
        )
        return await told(issued.key_id, issued)
