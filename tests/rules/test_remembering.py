"""Remembering members' keys: the store is believed for a second, and never beyond what this process dropped."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from rules import keyring
from rules.remembering import AT_ONCE, Remembered

pytestmark = pytest.mark.apart


class Store:
    """A key store that counts how often it is asked, and a clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.asked = 0
        self.gone: set[UUID] = set()

    def clock(self) -> float:
        """The time."""
        return self.now

    async def wrapped_for(self, member_ids: Sequence[UUID]) -> list[bytes | None]:
        """The keys."""
        self.asked += 1
        return [None if who in self.gone else who.bytes * 3 for who in member_ids]


@pytest.fixture
def store(monkeypatch: Any) -> Store:
    """The key store."""
    made = Store()
    monkeypatch.setattr(keyring, "wrapped_for", made.wrapped_for)
    return made


async def test_a_key_is_asked_for_once_in_a_second(store: Store) -> None:
    keys, mei = Remembered(store.clock), uuid4()
    assert keys.at_hand([mei]) is None
    assert await keys.wrapped_for([mei]) == [mei.bytes * 3]
    assert keys.at_hand([mei]) == [mei.bytes * 3]
    assert store.asked == 1


@pytest.mark.parametrize("since", [0.0, 0.2, 0.49, 0.5, 0.99])
async def test_nothing_is_believed_for_longer_than_a_second(store: Store, since: float) -> None:
    store.now += since
    keys, mei = Remembered(store.clock), uuid4()
    await keys.wrapped_for([mei])
    store.now += 0.5
    assert keys.at_hand([mei])
    store.now += 0.5
    assert keys.at_hand([mei]) is None


async def test_what_this_process_drops_is_forgotten_at_once(store: Store, monkeypatch: Any) -> None:
    keys, mei = Remembered(store.clock), uuid4()
    await keys.wrapped_for([mei])
    monkeypatch.setattr(keyring, "drops", lambda: 1)
    assert keys.at_hand([mei]) is None


async def test_an_answer_that_a_drop_overtook_is_not_remembered(store: Store, monkeypatch: Any) -> None:
    keys, mei = Remembered(store.clock), uuid4()

    async def overtaken(member_ids: Sequence[UUID]) -> list[bytes | None]:
        monkeypatch.setattr(keyring, "drops", lambda: 1)
        return [who.bytes * 3 for who in member_ids]

    monkeypatch.setattr(keyring, "wrapped_for", overtaken)
    await keys.wrapped_for([mei])
    assert keys.at_hand([mei]) is None


async def test_who_has_no_key_is_asked_for_again(store: Store) -> None:
    keys, mei = Remembered(store.clock), uuid4()
    store.gone = {mei}
    assert await keys.wrapped_for([mei]) == [None]
    assert keys.at_hand([mei]) is None


async def test_of_a_page_nothing_is_remembered(store: Store) -> None:
    keys, page = Remembered(store.clock), [uuid4() for _ in range(AT_ONCE + 1)]
    await keys.wrapped_for(page)
    assert keys.at_hand(page[:1]) is None
    assert keys.at_hand([]) == []


async def test_no_more_are_remembered_than_there_is_room_for(store: Store, monkeypatch: Any) -> None:
    monkeypatch.setattr("rules.remembering.REMEMBERED_MAX", 8)
    keys, many = Remembered(store.clock), [uuid4() for _ in range(10)]
    for who in many:
        await keys.wrapped_for([who])
    assert sum(keys.at_hand([who]) is not None for who in many) == 4
