"""Bounds on adjustments: set with the programme, changed later, and never in the way of an answer already given."""

import pytest

from models.units import Points
from rules import programme as programmes
from rules.points import ApprovalRequired
from rules.programme import NoProgramme, ProgrammeTermsInvalid
from rules.proofs import ProofRequired
from tests.people import CLERK, DAY, NOON, adjust, balance, fresh_key, member, movements, programme, proven


async def bounded(proof: int | None, approval: int | None) -> None:
    await programmes.bound_adjustments(
        None if proof is None else Points(proof), None if approval is None else Points(approval)
    )


async def test_the_bounds_are_terms_that_may_be_changed() -> None:
    terms = await programme(adjust_proof_above=Points(100), adjust_approval_above=Points(500))
    assert (terms.adjust_proof_above, terms.adjust_approval_above) == (100, 500)
    await bounded(None, 200)
    changed = await programmes.terms()
    assert (changed.adjust_proof_above, changed.adjust_approval_above) == (None, 200)
    assert await programme(adjust_proof_above=Points(7)) == changed, "setting up again changes nothing"
    with pytest.raises(ProgrammeTermsInvalid):
        await bounded(-1, 200)


async def test_where_there_is_no_programme_there_is_nothing_to_bound() -> None:
    with pytest.raises(NoProgramme):
        await bounded(1, 2)


async def test_a_large_adjustment_asks_for_a_proof_and_a_very_large_one_for_somebody_else() -> None:
    await programme(adjust_proof_above=Points(100), adjust_approval_above=Points(500))
    mei = await member("Mei")
    await adjust(mei, 100)
    with pytest.raises(ProofRequired):
        await adjust(mei, 101)
    await adjust(mei, 400, actor=proven(CLERK))
    with pytest.raises(ApprovalRequired):
        await adjust(mei, -1, actor=proven(CLERK))
    assert await movements(mei) == [("ADJUST_IN", 100), ("ADJUST_IN", 400)]


async def test_many_small_adjustments_are_a_large_one() -> None:
    await programme(adjust_proof_above=Points(100), adjust_approval_above=Points(500))
    mei, lan = await member("Mei"), await member("Lan")
    for _ in range(4):
        await adjust(mei, 25)
    with pytest.raises(ProofRequired):
        await adjust(mei, 1)
    await adjust(lan, 100)
    await adjust(mei, 100, actor=CLERK._replace(id="somebody else"))
    await adjust(mei, 100, at=NOON + DAY)


async def test_what_was_adjusted_before_is_answered_whatever_the_bounds_are_now() -> None:
    await programme()
    mei, key = await member("Mei"), fresh_key()
    first = await adjust(mei, 800, key=key)
    await bounded(0, 0)
    again = await adjust(mei, 800, key=key)
    assert (again.transaction_id, again.replayed) == (first.transaction_id, True)
    assert (await balance(mei))["available"] == 800
