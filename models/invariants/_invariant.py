"""An invariant: one thing that is always true."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Invariant:
    """One thing that is always true, and the query for the rows where it is not."""

    name: str
    says: str
    query: str
    postgres: str | None = None
    """The query for PostgreSQL, where it must read differently."""
