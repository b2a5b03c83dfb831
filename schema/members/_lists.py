"""Lists of members: which index has those that are asked for, in the order they are shown in."""

from typing import Any

from models.listing import MOMENT, ROW_ID
from models.members import MemberState
from models.reading import Rows
from schema.members._member import PLAIN, WHOLE, BareRow, WholeRow

OF_TIER = "g.tier_id = (SELECT t.id FROM tier t WHERE t.code = ${})"
MEMBER_OF = "growth_account g JOIN LATERAL (SELECT * FROM member m WHERE m.id = g.member_id{} LIMIT 1) m ON true"
ACCOUNT_OF = "member m JOIN LATERAL (SELECT * FROM growth_account g WHERE g.member_id = m.id{} LIMIT 1) g ON true"
STANDING_OF = "JOIN LATERAL (SELECT * FROM growth_account g WHERE g.member_id = m.id LIMIT 1) g ON true"
POINTS_OF = "JOIN LATERAL (SELECT * FROM points_account a WHERE a.member_id = m.id LIMIT 1) a ON true"
SOURCES = {
    "all": ("member m", ""),
    "state": ("member m", ""),
    "tier": (MEMBER_OF.format(""), f"{OF_TIER.format(4)} AND "),
    "state, then tier": (ACCOUNT_OF.format(" AND " + OF_TIER.format(5)), ""),
    "tier, then state": (MEMBER_OF.format(" AND m.state = $5"), f"{OF_TIER.format(4)} AND "),
}
"""Where members are read from, by what is asked for: an index has all of them, those of a state and those of a tier
in the order of the list."""


GIVEN = {"all": 0, "state": 1, "tier": 1, "state, then tier": 2, "tier, then state": 2}
"""How many values are asked for."""


def _list(by: str, *, backwards: bool, whole: bool) -> Rows[Any]:
    order, beyond, within = ("ASC", ">", "<=") if backwards else ("DESC", "<", ">=")
    columns = ["g.known_since", "g.member_id"] if by.startswith("tier") else ["m.created_at", "m.id"]
    edge, bound = ["$1::timestamptz", "$2::uuid"], ""
    if by.startswith("state"):
        # a range of states that is one state: of an equal one PostgreSQL would forget that an index begins with it
        columns, edge, bound = ["m.state", *columns], ["$4", *edge], f" AND m.state {within} $4"
    source, tests = SOURCES[by]
    shown = PLAIN
    if whole:
        shown = WHOLE.format(4 + GIVEN[by])
        source += ("" if "growth_account" in source else f" {STANDING_OF}") + f" {POINTS_OF}"
    return Rows(
        WholeRow if whole else BareRow,
        f"SELECT {shown} FROM {source} WHERE {tests}({', '.join(columns)}) {beyond} ({', '.join(edge)}){bound}"  # noqa: S608
        f" ORDER BY {', '.join(f'{column} {order}' for column in columns)} LIMIT $3",
        fans_out="staff list members",
    )


BEFORE_ALL = {False: (MOMENT.highest, ROW_ID.highest), True: (MOMENT.lowest, ROW_ID.lowest)}
LIST = {
    (by, backwards, whole): _list(by, backwards=backwards, whole=whole)
    for by in SOURCES
    for backwards in (False, True)
    for whole in (False, True)
}


def chosen(state: MemberState | None, tier_code: str | None) -> tuple[str, tuple[str, ...]]:
    """By what members are listed, and what is asked for. Most members are active, and fewer are of one tier."""
    if state is None:
        return ("all", ()) if tier_code is None else ("tier", (tier_code,))
    if tier_code is None:
        return "state", (state.value,)
    if state is MemberState.ACTIVE:
        return "tier, then state", (tier_code, state.value)
    return "state, then tier", (state.value, tier_code)
