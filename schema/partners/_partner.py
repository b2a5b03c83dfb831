"""Partner: an organisation that brings members, as it sees itself."""

from typing import Any
from uuid import UUID

import strawberry

from models.credentials import PrincipalKind
from models.sql import SQL
from schema import ids
from schema.context import Context
from schema.ids import Tag
from schema.permissions import LEADS, SEES_PARTNER, seen
from schema.scalars import Moment

COLUMNS = "id, name, created_at, disabled_at"
ONE = SQL(f"SELECT {COLUMNS} FROM partner WHERE id = $1")  # noqa: S608  a constant


@strawberry.type(description="An organisation that brings members (合作伙伴). It sees itself, and no other.")
class Partner:
    row_id: strawberry.Private[UUID]
    id: strawberry.ID = seen(SEES_PARTNER, "Opaque. Store it, send it back, read nothing into it.")
    name: str = seen(SEES_PARTNER, "Its name for people.")
    created_at: Moment | None = seen(SEES_PARTNER, "When it was registered; null where that was not written down.")
    disabled_at: Moment | None = seen(LEADS, "Since when its keys open nothing; null while they do.")

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


def own(context: Context) -> UUID | None:
    """The calling partner; None when somebody else calls."""
    who = context.principal
    return UUID(who.id) if who and who.kind is PrincipalKind.PARTNER else None
