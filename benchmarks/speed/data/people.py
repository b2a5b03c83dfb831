"""People: what members say of themselves and are known by, sealed with keys of their own."""

from datetime import datetime
from random import Random  # noqa: TID251  a benchmark takes a seed
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from api.wares import somebody
from benchmarks.speed.data.store import KEYS, Store
from models.members import IdentityKind
from rules import vault
from rules.members import Identity

FIRST_PHONE = 13_000_000_000
NAMELESS = 25
"""One member in so many has not said what to call them."""

GENERATION = 1


def known(number: int, member_id: UUID, chance: Random, at: datetime, store: Store) -> bytes | None:
    """Write down how the nth member is known and the key that opens it; their sealed profile, if they have one."""
    safe = vault.unlocked()
    wrapped = safe.new_key(member_id)
    store.add(
        f"{KEYS}.member_key",
        {
            "member_id": member_id,
            "generation": GENERATION,
            "wrapped": wrapped,
            "settled": True,
            "created_at": at,
        },
    )
    who = Identity(IdentityKind.PHONE, "", f"+86{FIRST_PHONE + number}", verified=True)
    found = who.hash
    store.add("identity_key", {"value_hash": found, "member_id": member_id, "created_at": at})
    store.add(
        "member_identity",
        {
            "id": uuid7(),
            "member_id": member_id,
            "kind": who.kind.value,
            "namespace": who.namespace,
            "value_hash": found,
            "sealed": safe.seal(wrapped, member_id, "identity", who.value),
            "mask": who.mask,
            "verified": who.verified,
            "created_at": at,
        },
    )
    name = somebody(chance)
    if number % NAMELESS == NAMELESS - 1:
        return None
    return safe.seal(wrapped, member_id, "profile", orjson.dumps({"display_name": name}).decode())
