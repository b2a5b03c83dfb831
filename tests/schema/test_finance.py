"""Finance as it is asked for: the liability report, who may see it, and what it says."""

from datetime import timedelta

import pytest

from models.staff import StaffRole
from rules import finance
from rules.actors import Principal
from tests.people import NOON, buy, member, programme, redeem
from tests.schema.asking import ANALYST, CLERK, OWNER, PARTNER, SERVICE, as_staff, ask

REPORT = """query($from: Date, $to: Date, $cost: UnitCost, $rate: BasisPoints) {
  liabilityReport(from: $from, to: $to, unitCost: $cost, ultimateRedemptionBps: $rate) {
    currency openPoints ultimateRedemptionBps maturedCohorts liabilityMinor closedDay isBehind
    months { month opening earned bonus adjustedIn returned redeemed clawedBack adjustedOut expired other closing
      openPoints debt movements }
    cohorts { month andEarlier granted redeemed remaining isMatured redemptionBps breakageBps liabilityMinor }
    outlook { day within7Days within30Days within90Days later never waiting expired }
  }
}"""
LATER = NOON + timedelta(days=40)


async def a_spring() -> None:
    await programme(expire_months=2)
    mei = await member("Mei")
    await buy(mei, 300_00)
    await redeem(mei, 120)
    await finance.bring_up_to_date(LATER)


async def test_the_report_tells_months_cohorts_and_what_they_will_cost() -> None:
    await a_spring()
    given = {"from": "2026-02-28", "to": "2026-03-01", "cost": {"minor": 1, "points": 100}, "rate": 5_000}
    told = (await ask(REPORT, given, who=ANALYST, at=LATER))["liabilityReport"]
    assert [each["month"] for each in told["months"]] == ["2026-02-01", "2026-03-01"]
    march = told["months"][1]
    assert (march["opening"], march["earned"], march["redeemed"], march["closing"]) == (0, 300, -120, 180)
    assert (march["openPoints"], march["debt"], march["movements"]) == (180, 0, 2)
    assert (told["currency"], told["openPoints"], told["liabilityMinor"]) == ("CNY", 180, 1)
    [cohort] = told["cohorts"]
    assert (cohort["granted"], cohort["remaining"], cohort["redemptionBps"]) == (300, 180, 4_000)
    assert (cohort["isMatured"], cohort["breakageBps"], cohort["liabilityMinor"]) == (False, None, 1)
    assert (told["closedDay"], told["isBehind"], told["outlook"]) == ("2026-04-18", False, None)


async def test_without_a_period_it_is_the_year_that_ends_with_this_month() -> None:
    await a_spring()
    told = (await ask(REPORT, who=OWNER, at=LATER))["liabilityReport"]
    assert [each["month"] for each in told["months"]][::11] == ["2025-05-01", "2026-04-01"]
    assert (told["liabilityMinor"], told["ultimateRedemptionBps"], told["maturedCohorts"]) == (None, 10_000, 0)
    assert told["outlook"] == {
        "day": "2026-04-18",
        "within7Days": 0,
        "within30Days": 180,
        "within90Days": 180,
        "later": 0,
        "never": 0,
        "waiting": 0,
        "expired": 0,
    }


@pytest.mark.parametrize(
    "given",
    [
        {"from": "2026-04-01", "to": "2026-03-31"},
        {"from": "2020-01-01", "to": "2026-03-31"},
        {"cost": {"minor": -1, "points": 1}},
        {"cost": {"minor": 1, "points": 0}},
        {"rate": 10_001},
    ],
)
async def test_a_report_that_makes_no_sense_is_a_mistake(given: dict[str, object]) -> None:
    await programme()
    assert (await ask(REPORT, given, who=OWNER)).codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    "who", [CLERK, SERVICE, PARTNER, as_staff(StaffRole.CASHIER), as_staff(StaffRole.OPERATOR)]
)
async def test_it_is_for_those_who_lead_and_for_analysts(who: Principal) -> None:
    await programme()
    assert set((await ask(REPORT, who=who)).codes) == {"FORBIDDEN"}
