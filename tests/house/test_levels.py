"""One level: nothing stored leads from who buys to anybody but who brought them, and nothing pays further."""

from collections.abc import Iterator

import pytest
from tortoise import Tortoise
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.models import Model

from models.referral_rewards import RewardSide
from models.referrals import Referral, ReferralCode, ReferralEvent
from models.sql import SQL
from tests.people import DAY, NOON, balance, buy, member, programme
from tests.referring import campaign, code, friend, given, told, work

MEMBERS = {"member_id", "referee_id", "referrer_id"}
"""By which columns a row of referrals names a member."""

FURTHER = ("parent", "ancestor", "upline", "downline", "level", "depth", "path", "root", "grand", "team", "second")
"""What a column would be called that leads further up, or down."""


def kept() -> list[type[Model]]:
    """The models of referrals, known while a database is open."""
    found = [each for each in Tortoise.apps["models"].values() if each._meta.db_table.startswith("referral")]
    assert {Referral, ReferralCode, ReferralEvent} <= set(found)
    return found


def columns(model: type[Model]) -> set[str]:
    return set(model._meta.fields_db_projection.values())


def references(model: type[Model]) -> Iterator[tuple[str, type[Model]]]:
    """The foreign keys of a model, and where they lead."""
    for name, field in model._meta.fields_map.items():
        if isinstance(field, ForeignKeyFieldInstance):
            yield name, field.related_model


async def test_no_table_of_referrals_has_a_column_that_leads_further() -> None:
    for model in kept():
        wrong = {each for each in columns(model) if any(word in each for word in FURTHER)}
        assert not wrong, (model.__name__, wrong)


async def test_a_referral_names_one_referrer_and_one_referee_and_no_other_member() -> None:
    named = {each for each in columns(Referral) if each.endswith(("_id", "_by"))}
    assert named == {"referee_id", "referrer_id", "partner_id", "purchase_id", "bound_by"}
    for model in kept():
        assert len(columns(model) & {"referrer_id"}) <= 1
        assert not {each for each in columns(model) if "referrer" in each or "referee" in each} - MEMBERS


async def test_no_reference_leads_from_a_referral_to_a_referral() -> None:
    tables = set(kept())
    for model in Tortoise.apps["models"].values():
        for name, end in references(model):
            leads = model in tables and end in tables
            # a milestone names the reward that was given for it, which is of the same member
            assert not leads or (model.__name__, name) == ("ReferralMilestone", "reward"), (model.__name__, name)


async def test_there_is_no_side_of_a_reward_beyond_the_direct_referrer() -> None:
    assert {each.value for each in RewardSide} == {"REFERRER", "REFEREE", "MILESTONE"}
    assert not {each for each in told().__slots__ if any(word in each for word in FURTHER)}


EVERYBODY = SQL("SELECT COUNT(*) AS n FROM referral_reward WHERE member_id = $1")


@pytest.mark.parametrize("hold_days", [0, 7])
async def test_who_brought_somebody_gets_nothing_for_whom_those_bring(hold_days: int) -> None:
    await programme()
    await campaign(hold_days=hold_days)
    mei = await member("Mei")
    lan = await friend(await code(mei))
    wang = await friend(await code(lan))
    zhu = await friend(await code(wang))
    for buyer in (wang, zhu):
        await buy(buyer, 500_00)
    await work(NOON + 30 * DAY)
    assert await EVERYBODY.value(mei) == 0, "Lan, whom Mei brought, has bought nothing"
    assert (await balance(mei))["available"] == 0
    assert await given(lan) == [("REFERRER", "GRANTED", 100)], "for Wang, and not for Zhu"
    assert sorted(side for side, _, _ in await given(wang)) == ["REFEREE", "REFERRER"]
