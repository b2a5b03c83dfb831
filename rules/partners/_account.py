"""A partner's account: held while its commissions change, so that nobody else changes them."""

from dataclasses import dataclass
from uuid import UUID

from models.commissions import PartnerAccount
from models.sql import SQL, insert
from rules.refusals import NotFound


@dataclass(frozen=True, slots=True)
class Account:
    """A held account."""

    partner_id: UUID
    event_id: UUID
    owed_minor: int
    fee_bps: int


IS_THERE = SQL("SELECT id FROM partner WHERE id = $1")
HOLD = SQL("SELECT partner_id, event_id, owed_minor, fee_bps FROM partner_account WHERE partner_id = $1 FOR UPDATE")
OWE = SQL("UPDATE partner_account SET owed_minor = owed_minor + $2 WHERE partner_id = $1 RETURNING partner_id")


async def hold(partner_id: UUID) -> Account:
    """A partner's account, held; it is opened the first time.

    Raises: NotFound.
    """
    row = await HOLD.row(partner_id)
    if row is None:
        if await IS_THERE.value(partner_id) is None:
            raise NotFound
        await insert(PartnerAccount, [{"partner_id": partner_id}], ignore_conflicts=True)
        row = await HOLD.row(partner_id)
    if row is None:
        raise AssertionError("An account was opened and is not there.")
    return Account(**row)


async def owe(partner_id: UUID, minor: int) -> None:
    """A held partner owes more, or less."""
    if minor:
        await OWE.row(partner_id, minor)
