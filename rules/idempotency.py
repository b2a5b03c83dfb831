"""Idempotency: the same request under the same key is done once and always answered alike."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NewType
from uuid import UUID

import orjson

from models.idempotency import IdempotencyKey
from models.sql import SQL
from models.writing import Adding
from rules.actors import Actor
from rules.refusals import Refusal

Key = NewType("Key", str)
"""Chosen by the client for one request: 8 to 128 printable characters."""

NOBODYS = UUID(int=0)
"""An id that nobody has: whose a key is where no member is concerned. Callers' keys are apart anyway."""


@dataclass(eq=False)
class IdempotencyKeyReused(Refusal):
    """This key already stands for a different request."""

    zh = "该幂等键已用于其他请求。"
    field = ("idempotencyKey",)


RECALL = SQL(
    "SELECT operation, fingerprint, response FROM idempotency_key"
    " WHERE owner_id = $1 AND principal = $2 AND key = $3"
)


_KEYS = Adding(IdempotencyKey, "owner_id", "principal", "key", "operation", "fingerprint", "response", "created_at")


@dataclass(slots=True)
class Slip:
    """One request about one owner: who asks, under which key, for what."""

    owner_id: UUID
    actor: Actor
    key: Key
    operation: str
    facts: tuple[Any, ...]
    principal: str = field(init=False)
    """Who asks, in one word."""

    def __post_init__(self) -> None:
        """Find that word, which is needed several times."""
        self.principal = self.actor.principal

    @property
    def cause(self) -> str:
        """The request as a cause of the ledger: it outlives the stored answer."""
        return f"{self.operation}:{self.principal}:{self.key}"

    async def recall(self) -> Any | None:
        """What this request was answered before, or None. The owner must be held.

        Raises: IdempotencyKeyReused.
        """
        return self.answered(await RECALL.row(self.owner_id, self.principal, self.key))

    def answered(self, row: Mapping[str, Any] | None) -> Any | None:
        """What this request was answered before, by what is stored under its key; None when nothing is.

        Raises: IdempotencyKeyReused.
        """
        if row is None or row["operation"] is None:
            return None
        if (row["operation"], row["fingerprint"]) != (self.operation, self._fingerprint()):
            raise IdempotencyKeyReused
        return row["response"]

    async def keep(self, response: Any, now: datetime) -> None:
        """Store the answer, at the end of the transaction that did what was asked."""
        fingerprint = self._fingerprint()
        _KEYS.add([(self.owner_id, self.principal, self.key, self.operation, fingerprint, response, now)])

    def _fingerprint(self) -> str:
        """The input in one word. Nothing of it can be read back."""
        return hashlib.sha256(orjson.dumps(self.facts, default=str)).hexdigest()
