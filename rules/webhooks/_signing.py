"""Signing: the Standard Webhooks scheme, by which whoever is told an event sees that it is we who tell it.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rules.vault import unlocked

SECRET_BYTES = 32
PREFIX = "whsec_"


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """What an endpoint's events are signed with: `whsec_` and base64, told once."""

    text: str

    @property
    def key(self) -> bytes:
        """The bytes behind it."""
        return base64.b64decode(self.text.removeprefix(PREFIX))


def fresh() -> Secret:
    """A secret nobody has."""
    return Secret(PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode())


def seal(endpoint_id: UUID, secret: Secret) -> bytes:
    """The secret as it is kept. It opens for its endpoint and no other."""
    return unlocked().seal_house(_purpose(endpoint_id), secret.text)


def opened(endpoint_id: UUID, sealed: bytes) -> Secret:
    """The secret behind what is kept."""
    return Secret(unlocked().open_house(_purpose(endpoint_id), sealed))


def _purpose(endpoint_id: UUID) -> str:
    return f"webhook secret:{endpoint_id}"


def headers(name: str, body: bytes, keys: Sequence[Secret], now: datetime) -> dict[str, str]:
    """What goes with a body: its id, the moment it is sent, and a signature by each of the secrets."""
    at = str(int(now.timestamp()))
    signed = b".".join((name.encode(), at.encode(), body))
    marks = [base64.b64encode(hmac.digest(each.key, signed, "sha256")).decode() for each in keys]
    return {
        "webhook-id": name,
        "webhook-timestamp": at,
        "webhook-signature": " ".join(f"v1,{mark}" for mark in marks),
    }
