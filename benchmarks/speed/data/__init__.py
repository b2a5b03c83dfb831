"""Data: a programme with members, purchases and a ledger of any size, the same story for the same seed.

Every movement of points is decided by the house's own book, so that `loyalty verify` finds nothing wrong.
"""

import gc
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random  # noqa: TID251  a benchmark takes a seed
from uuid import UUID

from benchmarks.speed.data.brought import Brought
from benchmarks.speed.data.lives import Life, begin
from benchmarks.speed.data.sizes import Size
from benchmarks.speed.data.store import Store
from rules.programme import Terms

HISTORY = timedelta(days=550)
"""How long ago the first members came: long enough for points to have expired."""

LAST = timedelta(hours=2)
"""How long ago the newest members came."""


async def load(
    store: Store, size: Size, seed: int, terms: Terms, now: datetime, partners: Sequence[UUID] = ()
) -> None:
    """Fill a database that holds a programme and perhaps partners, and nobody yet."""
    chance, people = Random(seed), []
    # millions of rows hold nothing in a circle, and looking for circles takes a third of the time
    gc.disable()
    try:
        for life in _lives(store, size, chance, terms, now):
            people.append(life.id)
            if store.is_full:
                await store.flush()
        for _ in Brought(store, size, Random(f"{seed} partners"), terms, now).year(partners, people):
            if store.is_full:
                await store.flush()
        await store.flush()
    finally:
        gc.enable()


def _lives(store: Store, size: Size, chance: Random, terms: Terms, now: datetime) -> Iterator[Life]:
    """Everybody's life in the order in which they came, a step at a time."""
    first, span = now - HISTORY, HISTORY - LAST
    for number, wanted in enumerate(size.ledgers(chance)):
        joined = first + span * (number / size.members)
        life = begin(number, joined, store, chance, terms, is_caller=number < len(size.deep))
        yield from life.until(wanted, now - LAST / 2)
        life.end()
        yield life
