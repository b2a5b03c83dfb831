"""Remembering: members' wrapped keys, for showing many times a second what members say of themselves."""

import time
from collections.abc import Callable, Sequence
from uuid import UUID

from rules import keyring

BELIEVED_SECONDS = 1.0
"""How long the word of the key store is believed where members are shown."""

REMEMBERED_MAX = 20_000
"""How many members' wrapped keys are remembered."""


AT_ONCE = 8
"""Of how many at once a key is remembered: whoever leafs through pages seldom comes to the same one again."""


class Remembered:
    """Members' keys for showing what they say of themselves, as they are stored, and so of no use by themselves.

    The store is asked again a second after it was asked; what this process drops is forgotten at once. Commands
    ask the store.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._half = -1
        self._dropped = 0
        self._young: dict[bytes, bytes] = {}
        self._old: dict[bytes, bytes] = {}

    def at_hand(self, member_ids: Sequence[UUID]) -> list[bytes] | None:
        """The key of each of those members, if nobody has to be asked for any."""
        self._turn()
        found = []
        for member_id in member_ids:
            key = self._young.get(member_id.bytes) or self._old.get(member_id.bytes)
            if key is None:
                return None
            found.append(key)
        return found

    async def wrapped_for(self, member_ids: Sequence[UUID]) -> list[bytes | None]:
        """The key of each of those members; None for one who has none. Of a page of them nothing is remembered."""
        self._turn()
        since = self._half, self._dropped
        found = await keyring.wrapped_for(member_ids)
        self._turn()
        if (
            len(found) <= AT_ONCE
            and since == (self._half, self._dropped)
            and len(self._young) < REMEMBERED_MAX // 2
        ):
            self._young.update((who.bytes, key) for who, key in zip(member_ids, found, strict=True) if key)
        return found

    def _turn(self) -> None:
        """Forget what was read in the half-second before the last one, and everything where a key was dropped."""
        half, dropped = int(self._clock() * 2 / BELIEVED_SECONDS), keyring.drops()
        if half == self._half and dropped == self._dropped:
            return
        kept = self._young if half == self._half + 1 and dropped == self._dropped else {}
        self._old, self._young, self._half, self._dropped = kept, {}, half, dropped
