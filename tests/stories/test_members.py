"""Members: recognised by any of their names, enrolled once, frozen and thawed."""

from datetime import date
from uuid import UUID, uuid4

import pytest

from models.members import IdentityKind, MemberState
from models.sql import SQL
from rules import keyring, lifecycle, members, vault
from rules.actors import Actor, ActorKind
from rules.members import Identity, IdentityConflict, IdentityUnverified, Profile, ProfileInvalid
from rules.refusals import MemberFrozen, MemberMerged, MemberNotActive, NotFound
from tests.people import CASHIER, CLERK, NOON, SHOP, adjust, buy, freeze, member, phone, programme, redeem, unfreeze

STATE = SQL("SELECT state, joined_at, event_seq, profile FROM member WHERE id = $1")
EVENTS = SQL("SELECT type FROM outbox_event WHERE member_id = $1 ORDER BY seq")
AUDIT = SQL("SELECT action, actor_id, reason FROM audit_log WHERE member_id = $1 ORDER BY id")
IDENTITIES = SQL("SELECT kind, mask, sealed, verified FROM member_identity WHERE member_id = $1 ORDER BY id")
MOVE_TO = SQL(
    "UPDATE member SET state = $2, merged_into_id = CASE WHEN $2::varchar = 'MERGED' THEN id END"
    " WHERE id = $1 RETURNING id"
)


def till(number: str) -> Identity:
    return members.identity(IdentityKind.EXTERNAL, "till", number)


async def identify(*who: Identity, allow_create: bool = True) -> tuple[UUID, bool]:
    return await lifecycle.identify(who, allow_create=allow_create, actor=SHOP, now=NOON)


async def enroll(member_id: UUID | None, *who: Identity, name: str = "Mei") -> tuple[UUID, bool]:
    return await lifecycle.enroll(member_id, who, Profile(display_name=name), actor=SHOP, now=NOON)


async def test_a_stranger_is_created_once_and_then_recognised() -> None:
    await programme()
    mei, created = await identify(till("17"))
    again, created_again = await identify(till("17"))
    assert (again, created, created_again) == (mei, True, False)
    row = await STATE.row(mei)
    assert row is not None
    assert (row["state"], row["joined_at"]) == ("ACTIVE", NOON)


async def test_a_stranger_is_not_created_where_that_is_not_wanted() -> None:
    await programme()
    with pytest.raises(NotFound):
        await identify(till("17"), allow_create=False)
    _, created = await identify(till("17"))
    assert created


async def test_new_names_of_a_known_member_are_remembered() -> None:
    await programme()
    mei, _ = await identify(till("17"))
    await identify(till("17"), phone("13800138000"))
    again, _ = await identify(phone("+86 138 0013 8000"))
    assert again == mei
    kinds = [(row["kind"], row["mask"]) for row in await IDENTITIES.rows(mei)]
    assert kinds == [("EXTERNAL", "****"), ("PHONE", "138****8000")]


async def test_names_are_kept_sealed() -> None:
    await programme()
    mei, _ = await identify(till("a name nobody reads"))
    await enroll(None, phone("13800138000"), name="Mei Li")
    for row in await IDENTITIES.rows(mei):
        assert b"nobody reads" not in row["sealed"]
    wrapped = await members.wrapped_key(mei)
    [row] = await IDENTITIES.rows(mei)
    assert vault.unlocked().open(wrapped, mei, "identity", row["sealed"]) == "a name nobody reads"


async def test_names_of_two_members_are_a_conflict_and_merge_nobody() -> None:
    await programme()
    mei, _ = await identify(till("17"))
    wang, _ = await identify(till("18"))
    for call in (identify(till("17"), till("18")), enroll(None, till("17"), till("18"))):
        with pytest.raises(IdentityConflict) as refused:
            await call
        assert set(refused.value.member_ids) == {mei, wang}


async def test_who_logs_in_is_whom_their_first_known_name_means() -> None:
    await programme()
    mei, _ = await identify(till("17"))
    wang, _ = await identify(till("18"))
    for names, who in [(("17", "18"), mei), (("18", "17"), wang), (("new", "18", "17"), wang)]:
        entered = await lifecycle.enter([till(name) for name in names], actor=SHOP, now=NOON)
        assert entered == (who, False)
    assert await identify(till("new")) == (wang, False)
    assert await identify(till("17")) == (mei, False), "nobody's name was taken from them"


async def test_a_phone_that_is_proven_later_is_marked_so() -> None:
    await programme()
    mei, _ = await identify(phone("13800138000", verified=False))
    assert [row["verified"] for row in await IDENTITIES.rows(mei)] == [False]
    await identify(phone("13800138000", verified=True))
    await identify(phone("13800138000", verified=False))
    assert [row["verified"] for row in await IDENTITIES.rows(mei)] == [True]


async def test_an_unverified_phone_is_not_added_to_a_member_who_has_another() -> None:
    await programme()
    mei = await member("Mei", "13800138000")
    with pytest.raises(IdentityUnverified):
        await identify(phone("13800138000"), phone("13900139000", verified=False))
    await identify(phone("13800138000"), phone("13900139000", verified=True))
    assert (await identify(phone("13900139000")))[0] == mei


async def test_a_cashier_finds_members_and_adds_nothing_to_them() -> None:
    await programme()
    mei, _ = await identify(till("17"))
    found, _ = await lifecycle.identify([till("17"), till("99")], allow_create=True, actor=CASHIER, now=NOON)
    assert found == mei
    assert (await identify(till("99")))[1]


async def test_who_logs_in_is_pending_until_they_enroll() -> None:
    await programme()
    mei, created = await lifecycle.enter([till("17")], actor=SHOP, now=NOON)
    assert created
    assert await lifecycle.enter([till("17")], actor=SHOP, now=NOON) == (mei, False)
    for refused in (redeem(mei, 1), buy(mei, 80_00), adjust(mei, 5), freeze(mei), unfreeze(mei)):
        with pytest.raises(MemberNotActive) as why:
            await refused
        assert why.value.state == "PENDING"
    assert await enroll(mei, phone("13800138000"), name="Mei") == (mei, False)
    assert await enroll(mei, till("18"), name="Somebody else") == (mei, True)
    assert await identify(till("18")) == (mei, False)
    await buy(mei, 80_00)
    await redeem(mei, 1)
    row = await STATE.row(mei)
    assert row is not None
    assert members.open_profiles([(mei, await members.wrapped_key(mei), row["profile"])])[0].display_name == "Mei"
    told = [event["type"] for event in await EVENTS.rows(mei)]
    assert told[:3] == ["member.created", "tier.changed", "member.enrolled"]


async def test_who_enrolls_may_be_a_stranger() -> None:
    await programme()
    mei, before = await enroll(None, phone("13800138000"))
    assert (await enroll(None, phone("13800138000")), before) == ((mei, True), False)
    with pytest.raises(NotFound):
        await enroll(uuid4())
    with pytest.raises(ProfileInvalid):
        await lifecycle.enroll(None, [till("17")], Profile(birthday=date(2027, 1, 1)), actor=SHOP, now=NOON)
    assert (await identify(till("17")))[1]


async def test_a_frozen_member_spends_nothing_and_may_be_frozen_twice() -> None:
    await programme()
    mei = await member("Mei", "13800138000")
    await buy(mei, 80_00)
    assert await freeze(mei) is MemberState.FROZEN
    assert await freeze(mei) is MemberState.FROZEN
    with pytest.raises(MemberFrozen):
        await redeem(mei, 1)
    with pytest.raises(MemberFrozen):
        await enroll(mei)
    with pytest.raises(MemberFrozen):
        await members.tell_profile(mei, Profile(display_name="Mei"), now=NOON)
    assert await unfreeze(mei) is MemberState.ACTIVE
    assert await unfreeze(mei) is MemberState.ACTIVE
    await redeem(mei, 1)
    told = [event["type"] for event in await EVENTS.rows(mei)]
    assert told.count("member.frozen") == told.count("member.unfrozen") == 1
    lines = [(row["action"], row["reason"]) for row in await AUDIT.rows(mei)]
    assert lines.count(("member.freeze", "RISK")) == lines.count(("member.unfreeze", "CLEARED")) == 1


@pytest.mark.corrupts
@pytest.mark.parametrize("state", ["MERGED", "OPTED_OUT", "ERASED"])
async def test_who_has_left_does_nothing_any_more(state: str) -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 80_00)
    await MOVE_TO.row(mei, state)
    if state == "ERASED":
        await keyring.drop(mei)
    refusal = MemberMerged if state == "MERGED" else MemberNotActive
    calls = [redeem(mei, 1), buy(mei, 80_00), adjust(mei, 5), freeze(mei), unfreeze(mei), enroll(mei)]
    for refused in calls:
        with pytest.raises(refusal):
            await refused


async def test_nobody_is_frozen_who_is_not_there() -> None:
    await programme()
    for call in (freeze(uuid4()), unfreeze(uuid4()), redeem(uuid4(), 1), adjust(uuid4(), 1)):
        with pytest.raises(NotFound):
            await call


async def test_what_members_say_of_themselves_is_kept_part_by_part() -> None:
    await programme()
    mei = await member("Mei")
    await members.tell_profile(mei, Profile(birthday=date(1990, 5, 5)), now=NOON)
    await members.tell_profile(mei, Profile(display_name="Mei Li"), now=NOON)
    row = await STATE.row(mei)
    assert row is not None
    profile = members.open_profiles([(mei, await members.wrapped_key(mei), row["profile"])])[0]
    assert profile == Profile("Mei Li", None, date(1990, 5, 5), NOON.date())
    assert members.open_profiles([(mei, None, row["profile"])])[0] == Profile()


async def test_the_staffs_acts_are_in_the_audit_log_and_the_members_own_are_not() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 80_00)
    await redeem(mei, 5, actor=CASHIER)
    await redeem(mei, 5, actor=Actor(ActorKind.MEMBER, str(mei)))
    await adjust(mei, 5, actor=CLERK)
    lines = [(row["action"], row["actor_id"]) for row in await AUDIT.rows(mei)]
    assert lines == [
        ("member.create", SHOP.id),
        ("member.enroll", SHOP.id),
        ("purchase.record", SHOP.id),
        ("points.redeem", CASHIER.id),
        ("points.adjust", CLERK.id),
    ]
