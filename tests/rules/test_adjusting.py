"""Adjustments: what one person may do alone, what asks for a fresh proof, and what asks for two people."""

from dataclasses import replace
from datetime import timedelta

import pytest

from models.staff import StaffRole
from models.units import BALANCE_MAX, Points, ReasonCode
from rules.actors import SYSTEM, Actor
from rules.points import Adjustment, ApprovalRequired, check_alone
from rules.programme import ProgrammeTermsInvalid, Terms, check_terms
from rules.proofs import ProofRequired
from tests.people import CLERK, LADDER, NOON, SHOP, proven

TERMS = Terms(
    "Tea House", "CNY", "Asia/Shanghai", 1, 100, 12, 7, LADDER, adjust_proof_above=Points(100),
    adjust_approval_above=Points(1_000),
)  # fmt: skip
OWNER = CLERK._replace(role=StaffRole.OWNER)


def alone(delta: int, *, who: Actor = CLERK, terms: Terms = TERMS) -> None:
    check_alone(Adjustment(delta, ReasonCode("GOODWILL")), terms=terms, actor=who, now=NOON)


@pytest.mark.parametrize("delta", [1, -1, 100, -100])
def test_up_to_the_bound_one_person_needs_no_proof(delta: int) -> None:
    alone(delta)


@pytest.mark.parametrize("delta", [101, -101, 1_000, -1_000])
def test_above_the_bound_staff_prove_themselves_anew(delta: int) -> None:
    with pytest.raises(ProofRequired):
        alone(delta)
    with pytest.raises(ProofRequired):
        alone(delta, who=OWNER)
    alone(delta, who=proven(CLERK))


def test_a_proof_is_over_at_its_very_moment() -> None:
    with pytest.raises(ProofRequired):
        alone(101, who=CLERK._replace(proven_until=NOON))
    alone(101, who=CLERK._replace(proven_until=NOON + timedelta(microseconds=1)))


@pytest.mark.parametrize("delta", [1_001, -1_001, 10**9])
def test_above_the_other_bound_nobody_adjusts_alone_whatever_their_role(delta: int) -> None:
    for who in (CLERK, proven(CLERK), proven(OWNER), SHOP, SYSTEM):
        with pytest.raises(ApprovalRequired) as refused:
            alone(delta, who=who)
        assert (refused.value.wanted, refused.value.limit) == (abs(delta), 1_000)


def test_a_second_person_is_asked_for_also_where_no_proof_is() -> None:
    with pytest.raises(ApprovalRequired):
        alone(1_001, terms=replace(TERMS, adjust_proof_above=None))
    alone(1_000, terms=replace(TERMS, adjust_proof_above=None))


def test_without_bounds_one_person_adjusts_anything() -> None:
    alone(10**9, terms=replace(TERMS, adjust_proof_above=None, adjust_approval_above=None))


def test_a_bound_of_nothing_is_a_bound() -> None:
    with pytest.raises(ApprovalRequired):
        alone(-1, terms=replace(TERMS, adjust_approval_above=Points(0)))
    with pytest.raises(ProofRequired):
        alone(1, terms=replace(TERMS, adjust_proof_above=Points(0)))


@pytest.mark.parametrize("bound", [-1, BALANCE_MAX + 1])
def test_a_bound_no_adjustment_can_be_compared_with_is_refused(bound: int) -> None:
    for name in ("adjust_proof_above", "adjust_approval_above"):
        with pytest.raises(ProgrammeTermsInvalid):
            check_terms(replace(TERMS, **{name: Points(bound)}))  # type: ignore[arg-type]
    check_terms(replace(TERMS, adjust_proof_above=Points(0), adjust_approval_above=BALANCE_MAX))
