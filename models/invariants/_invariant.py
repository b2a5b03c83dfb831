"""An invariant: one thing that is always true."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Invariant:
    """One thing that is always true, and the query for the rows where it is not."""

    name: str
    says: str
    query: str
    """`NOT kind <> 'EARN'` in it says `=`, and keeps SQLite from looking by the kind: it has no statistics, and
    would go through all that a member ever earned for the one movement of a purchase."""
    postgres: str | None = None
    """The query for PostgreSQL, where it must read differently."""


MULTIPLIERS = (
    "(SELECT tier.earn_multiplier_bps AS bps FROM tier UNION SELECT json_extract(b.value, '$.value')"
    " FROM tier_scheme s, json_each(s.document, '$.levels') l, json_each(l.value, '$.benefits') b"
    " WHERE json_extract(b.value, '$.kind') = 'EARN_MULTIPLIER') m"
)
"""What tiers ever multiplied by, as far as schemes were published, on SQLite."""

MULTIPLIERS_ON_POSTGRES = (
    "(SELECT tier.earn_multiplier_bps::bigint AS bps FROM tier UNION SELECT (b ->> 'value')::bigint"
    " FROM tier_scheme s, jsonb_array_elements(s.document::jsonb -> 'levels') l,"
    " jsonb_array_elements(l -> 'benefits') b WHERE b ->> 'kind' = 'EARN_MULTIPLIER') m"
)
"""The same on PostgreSQL."""

SINCE_SCHEMES = "COALESCE({0} >= (SELECT MIN(s.published_at) FROM tier_scheme s), TRUE)"
"""Whether a moment lies where all multipliers are known: what was before the first scheme is not."""
