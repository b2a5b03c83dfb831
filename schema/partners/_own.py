"""Own: which partner calls."""

from uuid import UUID

from models.credentials import PrincipalKind
from schema.context import Context


def own(context: Context) -> UUID | None:
    """The calling partner; None when somebody else calls."""
    who = context.principal
    return UUID(who.id) if who and who.kind is PrincipalKind.PARTNER else None
