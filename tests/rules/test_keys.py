"""Keys of requests, slots of jobs, the words of refusals: small things others count on."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.staff import StaffRole
from models.units import BALANCE_MAX, Growth
from rules.actors import SYSTEM, Actor, ActorKind
from rules.idempotency import Key, Slip
from rules.jobs import backoff, slot_of
from rules.refusals import MemberMerged, NotFound, Refusal
from rules.tiers import GrowthLimit, Standing, grow
from tests.people import LADDER, NOON
from tests.rules.test_terms import TERMS

MEI, WANG = UUID(int=1), UUID(int=2)
ANN = Actor(ActorKind.STAFF, "ann", role=StaffRole.CASHIER)


def slip(actor: Actor = ANN, key: str = "k-0000001", operation: str = "points.redeem", facts: object = 5) -> Slip:
    return Slip(MEI, actor, Key(key), operation, (facts,))


def test_a_cause_names_the_operation_the_principal_and_the_key() -> None:
    assert slip().cause == "points.redeem:STAFF:ann:k-0000001"
    assert slip(SYSTEM).cause == "points.redeem:SYSTEM::k-0000001"


def test_causes_differ_by_operation_principal_and_key_and_not_by_input() -> None:
    others = [
        slip(Actor(ActorKind.MEMBER, "ann")),
        slip(Actor(ActorKind.STAFF, "bob")),
        slip(key="k-0000002"),
        slip(operation="points.adjust"),
    ]
    assert len({slip().cause, *(other.cause for other in others)}) == 5
    assert slip(facts=6).cause == slip().cause


def test_the_longest_cause_fits_the_ledger() -> None:
    longest = slip(Actor(ActorKind.PARTNER, "x" * 40), "k" * 128, "purchase.record")
    assert len(longest.cause) <= 240


def test_a_job_waits_two_seconds_and_twice_as_long_each_time_up_to_an_hour() -> None:
    assert [backoff(tries).total_seconds() for tries in (1, 2, 3, 4, 11, 12, 40)] == [2, 4, 8, 16, 2048, 3600, 3600]


def test_a_job_that_failed_ten_thousand_times_still_waits_an_hour() -> None:
    assert backoff(10_000) == timedelta(hours=1)


@given(
    now=st.integers(10**5, 7 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds + 0.25, UTC)),
    every=st.integers(1, 10**6).map(lambda seconds: timedelta(seconds=seconds)),
)
def test_a_slot_is_the_latest_multiple_of_its_span(now: datetime, every: timedelta) -> None:
    slot = slot_of(now, every)
    assert slot <= now < slot + every
    assert (slot - datetime(1970, 1, 1, tzinfo=UTC)) % every == timedelta()
    assert slot_of(slot, every) == slot


def every_refusal(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for each in kind.__subclasses__():
        yield each
        yield from every_refusal(each)


def test_each_refusal_has_a_code_of_its_own_and_a_sentence_in_both_languages() -> None:
    kinds = list(every_refusal())
    assert len({each.code() for each in kinds}) == len(kinds)
    for each in kinds:
        assert each.message().endswith("."), each
        assert each.message("zh").endswith("。"), each
        assert each.zh is not Refusal.zh, each


def test_a_refusal_reads_as_its_sentence() -> None:
    assert str(NotFound()) == "Nothing here answers to that id."
    assert MemberMerged(WANG).code() == "MEMBER_MERGED"
    assert MemberMerged(WANG).into == WANG


@pytest.mark.anyio
async def test_nobody_holds_more_growth_than_an_account_can() -> None:
    top = LADDER[-1]
    mei = Standing(MEI, NOON, Growth(BALANCE_MAX), 7, top, NOON, top, NOON)
    with pytest.raises(GrowthLimit) as refused:
        await grow(mei, 1, cause="test", terms=TERMS, purchase_id=None, effective_at=NOON, now=NOON)
    assert refused.value.limit == 10**12
