"""Gathering: what a command decided to write, until it is sent."""

from typing import Any

import pytest

from models import turns
from models.members import Member, MemberState
from models.writing import Sheet, add, change, sheet

ROW = {"id": 1, "state": MemberState.ACTIVE}


def gathered(row: dict[str, Any], where: dict[str, Any], to: dict[str, Any]) -> Sheet:
    """What is gathered when a row is added and then changed."""
    with sheet() as found:
        add(Member, [row])
        change(Member, where, to)
    return found


def test_a_change_of_a_row_to_be_added_becomes_a_part_of_it() -> None:
    [[part]] = gathered(ROW, {"id": 1, "state": MemberState.ACTIVE}, {"state": MemberState.FROZEN})._rounds
    assert part.rows == [{"id": 1, "state": MemberState.FROZEN}]
    assert ROW["state"] is MemberState.ACTIVE, "what the command holds was changed"


@pytest.mark.parametrize("where", [{"id": 1, "event_seq": 0}, {"id": 1, "state": MemberState.PENDING}])
def test_a_change_of_what_is_not_known_to_stand_there_goes_after_it(where: dict[str, Any]) -> None:
    rounds = gathered(ROW, where, {"state": MemberState.FROZEN})._rounds
    assert [len(parts) for parts in rounds] == [1, 1]


def test_nothing_gathered_outlives_its_command() -> None:
    found = gathered(ROW, {"id": 1, "state": MemberState.ACTIVE}, {"state": MemberState.FROZEN})
    assert found.waiting
    assert turns.gathered.get() is None
