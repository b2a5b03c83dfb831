"""Staff who are members: nobody binds for themselves, and bringing members pays staff as a campaign says."""

from datetime import datetime
from uuid import UUID

import pytest

from models.audit import AuditLog
from models.sql import SQL
from models.staff import StaffRole
from models.units import ReasonCode
from rules import lifecycle, referrals, staff
from rules.actors import SYSTEM, Actor, ActorKind
from rules.referrals import Guards, OwnReferral, QualifyingAct, ReferralNotPossible
from rules.refusals import NotFound
from tests.people import CLERK, DAY, NOON, buy, fresh_key, leave, member, merge, programme, proven
from tests.referring import campaign, code, friend, given, state, work
from tests.stories.test_unmerging import unmerge

EVIDENCE = SQL("SELECT evidence FROM referral WHERE referee_id = $1")
OWN = SQL("SELECT as_member_id FROM staff WHERE id = $1")
NOBODY = UUID(int=0)


async def cashier(member_id: UUID | None, name: str = "ann") -> Actor:
    """Somebody who works at the till, and who they are as a member."""
    lake = await staff.store("LAKE") or await staff.open_store("LAKE", "By the lake")
    hired = await staff.hire(name, "hash", StaffRole.CASHIER, store_id=lake, now=NOON)
    if member_id is not None:
        await staff.name_member(hired, member_id, actor=SYSTEM, now=NOON)
    return Actor(ActorKind.STAFF, str(hired), role=StaffRole.CASHIER)


async def refused(referee_id: UUID, said: str, actor: Actor, at: datetime = NOON) -> str | None:
    """Why somebody may not bind them; None when they are bound."""
    try:
        why = ReasonCode("FORGOT_CODE")
        await referrals.bind(referee_id, said, reason=why, key=fresh_key(), actor=actor, now=at)
    except ReferralNotPossible as no:
        return no.reason
    return None


async def test_nobody_at_the_till_binds_for_themselves() -> None:
    await programme()
    await campaign(guards=Guards(staff=0))
    ann, mei, lan, wang = [await member(name) for name in ("Ann", "Mei", "Lan", "Wang")]
    till = await cashier(ann)
    assert await refused(lan, await code(ann), till) == "STAFF"
    assert await refused(ann, await code(mei), till) == "STAFF"
    twin = await member("Ann, too")
    said = await code(twin)
    await merge(twin, ann)
    assert await refused(lan, said, till) == "STAFF"
    assert await refused(lan, said, CLERK) is None
    assert await refused(wang, await code(mei), till) is None


async def test_who_is_two_people_after_all_is_staff_as_one_of_them_alone() -> None:
    await programme()
    await campaign()
    ann, twin = await member("Ann"), await member("Ann, too")
    codes = [await code(ann), await code(twin)]
    await merge(twin, ann)
    await cashier(twin)
    both = [await friend(each) for each in codes]
    await unmerge(twin)
    alone = [await friend(each) for each in codes]
    assert [await state(each) for each in (*both, *alone)] == ["REJECTED", "REJECTED", "BOUND", "REJECTED"]


@pytest.mark.parametrize(("weighs", "stands"), [(150, "REJECTED"), (60, "REVIEW"), (0, "BOUND")])
async def test_who_works_for_the_programme_is_paid_for_bringing_members_as_a_campaign_says(
    weighs: int, stands: str
) -> None:
    await programme()
    await campaign(guards=Guards(staff=weighs))
    ann = await member("Ann")
    said = await code(ann)
    await cashier(ann)
    lan = await friend(said)
    assert (await state(lan), await EVIDENCE.value(lan)) == (stands, {"STAFF": 1} if weighs else None)
    await buy(lan, 50_00)
    await work()
    assert bool(await given(ann)) is (weighs == 0)


@pytest.mark.parametrize("decision", referrals.Decision)
async def test_nobody_reviews_whom_they_have_brought_themselves(decision: referrals.Decision) -> None:
    await programme()
    await campaign(guards=Guards(staff=60))
    ann = await member("Ann")
    desk, lin = await cashier(ann), await friend(await code(ann))
    given = {"reason": ReasonCode("FAMILY"), "now": NOON}
    with pytest.raises(OwnReferral):
        await referrals.review(lin, decision, key=fresh_key(), actor=desk, **given)  # type: ignore[arg-type]
    assert await state(lin) == "REVIEW"
    await referrals.review(lin, decision, key=fresh_key(), actor=CLERK, **given)  # type: ignore[arg-type]
    assert await state(lin) != "REVIEW"


async def test_who_began_to_work_or_turned_out_to_be_staff_meanwhile_is_found_out_at_the_end_of_the_hold() -> None:
    await programme()
    await campaign(hold_days=7)
    ann, mei, su = await member("Ann"), await member("Mei"), await member("Su")
    lan, lin, jin = [await friend(await code(each)) for each in (ann, mei, su)]
    for each in (lan, lin, jin):
        await buy(each, 50_00)
    assert [await state(each) for each in (lan, lin, jin)] == ["QUALIFYING"] * 3
    await cashier(ann)
    worker = await member("Mei, who works here")
    await cashier(worker, "mei")
    await merge(mei, worker, at=NOON + DAY)
    closed = await cashier(su, "su")
    await staff.close(UUID(closed.id), actor=SYSTEM, now=NOON)
    await work(NOON + 7 * DAY)
    assert [await state(each) for each in (lan, lin, jin)] == ["REJECTED", "REJECTED", "REWARDED"]


async def test_what_staff_bind_is_looked_at_like_any_other() -> None:
    await programme()
    await campaign(act=QualifyingAct.REGISTERED)
    ann, lan = await member("Ann"), await member("Lan")
    said = await code(ann)
    await cashier(ann)
    assert await refused(lan, said, CLERK) is None
    await work()
    assert (await state(lan), await given(ann)) == ("REJECTED", [])


async def test_whose_account_it_is_is_told_by_who_leads_and_forgotten_with_the_member() -> None:
    await programme()
    ann = await member("Ann")
    hired = UUID((await cashier(None)).id)
    with pytest.raises(NotFound):
        await staff.name_member(hired, NOBODY, actor=SYSTEM, now=NOON)
    with pytest.raises(NotFound):
        await staff.name_member(NOBODY, ann, actor=SYSTEM, now=NOON)
    assert await staff.name_member(hired, ann, actor=SYSTEM, now=NOON)
    assert not await staff.name_member(hired, ann, actor=SYSTEM, now=NOON)
    assert await staff.name_member(hired, None, actor=SYSTEM, now=NOON)
    lines = await AuditLog.filter(action="staff.member_named").order_by("id")
    assert [(each.member_id, each.facts) for each in lines] == [(ann, {"staff": str(hired)})] * 2
    await staff.name_member(hired, ann, actor=SYSTEM, now=NOON)
    await leave(ann)
    await lifecycle.erase(ann, reason=ReasonCode("ASKED"), actor=proven(CLERK), now=NOON)
    assert await OWN.value(hired) is None
