"""Rates: how much each sort of caller may ask for, and the one count of it that all processes share.

An allowance is a leaky bucket: what is asked for fills it, time empties it, and what would overflow it has to wait.
Each process has buckets of its own, and settles them with the others' here about once a second.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

import orjson

from models.sql import SQL
from rules.transactions import transaction


@dataclass(frozen=True, slots=True)
class Rate:
    """An allowance: how many points at most at once, and how many come back each second."""

    maximum: int
    restore: int


RATES = {
    "MEMBER": Rate(1_000, 50),
    "STAFF": Rate(2_000, 100),
    "PARTNER": Rate(1_000, 50),
    "SERVICE": Rate(10_000, 500),
    "NOBODY": Rate(2_000, 100),
}
"""What each sort of caller may ask for. Nobody is told from nobody by the network alone."""


class Taken(NamedTuple):
    """Points were taken from an allowance; so many are left."""

    points: int
    available: int
    rate: Rate


@dataclass(frozen=True, slots=True)
class Wait:
    """An allowance does not suffice now; it will in so many seconds."""

    seconds: int
    available: int
    rate: Rate


PARTS = 1_000
"""A level is kept in thousandths of a point, so that what leaks away between two settlings is not rounded away."""

SETTLE = SQL(
    "INSERT INTO rate_bucket (principal, level, at)"
    " SELECT key, value::bigint, $3::timestamptz FROM json_each_text($1::json) ORDER BY key"
    " ON CONFLICT (principal) DO UPDATE SET level = GREATEST(0, rate_bucket.level"
    " - ($2::float8 * EXTRACT(EPOCH FROM excluded.at - rate_bucket.at))::bigint) + excluded.level,"
    " at = excluded.at RETURNING principal, level",
    sqlite="INSERT INTO rate_bucket (principal, level, at)"
    " SELECT key, value, $3 FROM json_each($1) WHERE true ORDER BY key"
    " ON CONFLICT (principal) DO UPDATE SET level = MAX(0, rate_bucket.level"
    " - CAST($2 * (julianday(excluded.at) - julianday(rate_bucket.at)) * 86400 AS INTEGER)) + excluded.level,"
    " at = excluded.at RETURNING principal, level",
    fans_out="the allowances of many callers are settled together",
)


@transaction
async def settle(spent: Mapping[str, int], rates: Mapping[str, Rate], *, now: datetime) -> dict[str, float]:
    """Add what this process spent of each caller's allowance, and return how full each bucket is with the others'.

    Callers are named by their kind first (`MEMBER:…`), and taken in order, so that no two processes hold each
    other up.
    """
    levels: dict[str, float] = {}
    for kind, keys in groupby(sorted(spent), kind_of):
        given = orjson.dumps({key: spent[key] * PARTS for key in keys}).decode()
        rows = await SETTLE.rows(given, float(rates[kind].restore * PARTS), now)
        levels |= {row["principal"]: row["level"] / PARTS for row in rows}
    return levels


def kind_of(key: str) -> str:
    """What sort of caller a bucket's name begins with."""
    return key.partition(":")[0]
