"""Partner: an organisation that brings members, as it sees itself."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry

from models.commissions import SettlementState
from models.sql import SQL
from models.webhooks import PARTNER_ENDPOINTS_MAX
from rules import partners
from rules.partners import By
from schema import ids, pages
from schema.context import Context, Info
from schema.ids import Tag
from schema.pages import After, Before, Connection, First, Last
from schema.partners._links import SHAPE, PartnerLink, links
from schema.partners._settlements import APPROVED, PartnerSettlement, month, settlements
from schema.partners._stats import ByWhat, From, PartnerStats, To, shown, stretch
from schema.permissions import (
    KEEPS_WEBHOOKS,
    LEADS,
    LINKS,
    READS_SETTLEMENTS,
    READS_STATISTICS,
    SEES_PARTNER,
    asked,
    related,
    seen,
)
from schema.scalars import Moment
from schema.webhooks import WebhookEndpoint, endpoints_of

COLUMNS = "id, name, created_at, disabled_at"
ONE = SQL(f"SELECT {COLUMNS} FROM partner WHERE id = $1")  # noqa: S608  a constant


async def webhook_endpoints_of(parents: Sequence["Partner"], context: Context) -> list[list[WebhookEndpoint]]:
    """The webhook endpoints of each partner."""
    return await endpoints_of([parent.row_id for parent in parents], context.now)


@strawberry.type(description="An organisation that brings members (合作伙伴). It sees itself, and no other.")
class Partner:
    row_id: strawberry.Private[UUID]
    id: strawberry.ID = seen(SEES_PARTNER, "Opaque. Store it, send it back, read nothing into it.")
    name: str = seen(SEES_PARTNER, "Its name for people.")
    created_at: Moment | None = seen(SEES_PARTNER, "When it was registered; null where that was not written down.")
    disabled_at: Moment | None = seen(LEADS, "Since when its keys open nothing; null while they do.")

    @asked(
        READS_STATISTICS,
        f"What its links came to in some days, {partners.DAYS_MAX} at most. Counts of today are there within about "
        "a minute, as soon as five people stand behind them.",
    )
    async def stats(
        self, info: Info, from_: From = None, to: To = None, by: ByWhat = By.DAY
    ) -> PartnerStats | None:
        """The statistics."""
        first, last = await stretch(info, from_, to)
        return shown(await partners.statistics(self.row_id, first, last, by), first, last)

    webhook_endpoints: list[WebhookEndpoint] = related(
        KEEPS_WEBHOOKS,
        f"Its webhook endpoints, which are told of its settlements, oldest first; {PARTNER_ENDPOINTS_MAX} at most.",
        webhook_endpoints_of,
    )

    @asked(LINKS, "Its links, newest first, those that are retired among them.")
    async def links(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[PartnerLink] | None:
        """A page of links."""
        window = pages.window(first=first, after=after, last=last, before=before, shape=SHAPE)
        return await links(self.row_id, window, info.context)

    @asked(
        READS_SETTLEMENTS,
        "What it was and will be paid, newest month first. The partner sees one once it is approved, and those who "
        "lead all of them.",
    )
    async def settlements(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[PartnerSettlement] | None:
        """A page of settlements."""
        window = pages.window(first=first, after=after, last=last, before=before, shape=(month,))
        return await settlements(self.row_id, window, APPROVED if info.context.partner_id else SettlementState)

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Partner":
        """The partner as a client sees it."""
        return cls(
            row_id=row["id"],
            id=strawberry.ID(ids.encode(Tag.PARTNER, row["id"])),
            name=row["name"],
            created_at=row["created_at"],
            disabled_at=row["disabled_at"],
        )


async def one(partner_id: UUID) -> Partner | None:
    """A partner; None where there is none."""
    row = await ONE.row(partner_id)
    return Partner.of(row) if row else None
