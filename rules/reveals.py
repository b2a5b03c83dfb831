"""Reveals: staff read a member's identity whole, for a reason, and each time leave a line that says so."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from models.members import IdentityKind
from models.sql import SQL
from models.units import ReasonCode
from rules import audit, members, vault
from rules.actors import Actor
from rules.proofs import check_proof
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction

ACTION = "member.reveal"
"""What the audit log calls it."""

MOST = 60
WITHIN = timedelta(hours=1)
"""One of the staff reveals so much in such a time, and no more: nobody reads the members out one by one."""


@dataclass(eq=False)
class TooManyReveals(Refusal):
    """You have revealed as much as may be revealed in an hour."""

    zh = "查看明文过于频繁，请稍后再试。"
    retryable = True
    limit: int


@dataclass(frozen=True, slots=True, repr=False)
class Revealed:
    """An identity with its value whole. It goes to whoever asked, and nowhere else."""

    namespace: str
    value: str
    verified: bool


HOLD = SQL("SELECT id FROM staff WHERE id = $1 AND active FOR NO KEY UPDATE")
EARLIER = SQL(
    "SELECT at FROM audit_log WHERE actor_id = $1 AND action = $2 ORDER BY id DESC LIMIT 1 OFFSET $3",
    fans_out="whom somebody revealed is told by who did it",
)
SEALED = SQL(
    "SELECT namespace, sealed, verified FROM member_identity WHERE member_id = $1 AND kind = $2 ORDER BY id"
)


@transaction
async def reveal(
    member_id: UUID, kind: IdentityKind, *, reason: ReasonCode, actor: Actor, now: datetime
) -> list[Revealed]:
    """A member's identities of a kind, oldest first, with their values. The line in the audit log names no value.

    The one owner here is whoever asks: their account is locked, so that many at once keep to the bound too.

    Raises: NotFound, ProofRequired, TooManyReveals.
    """
    await members.existing(member_id)
    check_proof(actor, now)
    if actor.id is None or await HOLD.value(UUID(actor.id)) is None:
        raise NotFound
    earlier = await EARLIER.value(actor.id, ACTION, MOST - 1)
    if earlier is not None and earlier > now - WITHIN:
        raise TooManyReveals(MOST)
    rows = await SEALED.rows(member_id, kind.value)
    wrapped = await members.wrapped_key(member_id) if rows else b""
    facts = {"kind": kind.value, "found": len(rows)}
    await audit.note(actor, ACTION, member_id=member_id, reason=reason, facts=facts, now=now)
    return [
        Revealed(
            row["namespace"],
            vault.unlocked().open(wrapped, member_id, "identity", row["sealed"]),
            row["verified"],
        )
        for row in rows
    ]
