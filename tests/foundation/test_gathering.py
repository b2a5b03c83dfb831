"""Gathering: what a command decided to write, until it is sent."""

from typing import Any, cast

import pytest

from models import turns
from models.members import Member, MemberState
from models.sql import SQL
from models.writing import Sheet, add, change, read_ahead, sheet

ROW = {"id": 1, "state": MemberState.ACTIVE}


def gathered(row: dict[str, Any], where: dict[str, Any], to: dict[str, Any]) -> Sheet:
    """What is gathered when a row is added and then changed."""
    with sheet() as found:
        add(Member, [row])
        change(Member, where, to)
    return found


def test_a_change_of_a_row_to_be_added_becomes_a_part_of_it() -> None:
    [[part]] = gathered(ROW, {"id": 1, "state": MemberState.ACTIVE}, {"state": MemberState.FROZEN})._rounds
    assert part.rows == [(1, MemberState.FROZEN)]
    assert ROW["state"] is MemberState.ACTIVE, "what the command holds was changed"


@pytest.mark.parametrize("where", [{"id": 1, "event_seq": 0}, {"id": 1, "state": MemberState.PENDING}])
def test_a_change_of_what_is_not_known_to_stand_there_goes_after_it(where: dict[str, Any]) -> None:
    rounds = gathered(ROW, where, {"state": MemberState.FROZEN})._rounds
    assert [len(parts) for parts in rounds] == [1, 1]


def test_nothing_gathered_outlives_its_command() -> None:
    found = gathered(ROW, {"id": 1, "state": MemberState.ACTIVE}, {"state": MemberState.FROZEN})
    assert found.waiting
    assert turns.gathered.get() is None


async def test_a_command_that_reads_ahead_twice_is_told_so_and_does_not_wait_for_itself() -> None:
    nothing = SQL("SELECT 1 AS one")
    with sheet(cast("Any", object())) as ours:
        ours.owner = "the one whose turn it is"
        with pytest.raises(AssertionError, match="reads ahead once"):
            await read_ahead(nothing, nothing, "the one whose turn it is")
