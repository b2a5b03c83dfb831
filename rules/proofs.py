"""Proofs: staff prove themselves anew, shortly before they do what is worth stealing a session for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.actors import Actor, ActorKind
from rules.refusals import Refusal

PROVEN_FOR = timedelta(minutes=5)
"""How long a proof is good for."""


@dataclass(eq=False)
class ProofRequired(Refusal):
    """Prove yourself again: this is only for staff who did so in the last minutes."""

    zh = "请先再次验证身份，再执行此操作。"


def is_proven(actor: Actor, now: datetime) -> bool:
    """Whether an actor proved themselves lately. The programme itself, as from the command line, need not."""
    if actor.kind is ActorKind.SYSTEM:
        return True
    return actor.kind is ActorKind.STAFF and actor.proven_until is not None and actor.proven_until > now


def check_proof(actor: Actor, now: datetime) -> None:
    """Let only those pass who proved themselves lately.

    Raises: ProofRequired.
    """
    if not is_proven(actor, now):
        raise ProofRequired
