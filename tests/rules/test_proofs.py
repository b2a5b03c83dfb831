"""Proofs: what asks for one lets only those pass who proved themselves in the last minutes."""

from datetime import timedelta

import pytest

from models.credentials import PrincipalKind
from models.staff import StaffRole
from rules.actors import SYSTEM, Actor, ActorKind, Principal
from rules.proofs import PROVEN_FOR, ProofRequired, check_proof, is_proven
from tests.people import CASHIER, CLERK, NOON, SHOP

LATER = NOON + PROVEN_FOR


def test_staff_who_proved_themselves_pass_until_the_proof_is_used_up() -> None:
    proven = CLERK._replace(proven_until=LATER)
    check_proof(proven, NOON)
    check_proof(proven, LATER - timedelta(microseconds=1))
    with pytest.raises(ProofRequired):
        check_proof(proven, LATER)


@pytest.mark.parametrize("actor", [CLERK, CASHIER, SHOP, SHOP._replace(proven_until=LATER)])
def test_whoever_did_not_prove_themselves_is_asked_to(actor: Actor) -> None:
    with pytest.raises(ProofRequired):
        check_proof(actor, NOON)


def test_a_member_or_nobody_has_no_proof_to_show() -> None:
    for kind in (ActorKind.MEMBER, ActorKind.NOBODY, ActorKind.PARTNER):
        assert not is_proven(Actor(kind, "x", proven_until=LATER), NOON)


def test_the_programme_itself_need_not_prove_itself() -> None:
    check_proof(SYSTEM, NOON)


def test_a_callers_proof_goes_with_what_they_do() -> None:
    who = Principal(PrincipalKind.STAFF, "x", StaffRole.CS, proven_until=LATER)
    assert who.acting().proven_until == LATER
    check_proof(who.acting(), NOON)
