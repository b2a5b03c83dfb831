"""What a refund could not take back, or need not: told to the member by the statement, to finance by the report."""

from models.invariants import violations
from rules import finance
from rules.policy import ClawBack, ClawBackPolicy, Expiry, ExpiryMode, Span
from tests.people import DAY, NOON, buy, member, programme, publish, redeem, refund
from tests.schema.asking import ANALYST, as_member, ask

STATEMENT = """{ me { points { entries(first: 9, filter: { kinds: [CLAWBACK] }) {
  nodes { points movement { lost writtenOff } } } } } }"""
REPORT = """{ liabilityReport(from: "2026-03-01", to: "2026-03-31") {
  months { opening earned redeemed clawedBack expired closing lost } } }"""


async def test_what_a_refund_left_is_told_to_the_member_and_to_finance() -> None:
    await programme()
    await publish(expiry=Expiry(ExpiryMode.ROLLING, 5, Span.DAY), claw_back=ClawBack(ClawBackPolicy.CLAMP))
    mei = await member("Mei")
    await buy(mei, 100_00, ref="tea")
    await redeem(mei, 60)
    await buy(mei, 30_00, ref="cup", at=NOON + 5 * DAY)
    # of 100 points 60 were spent and 40 have expired; 30 are left of something else
    await refund("tea", {"A": 50_00}, at=NOON + 7 * DAY)
    await refund("tea", {"A": 50_00}, at=NOON + 7 * DAY)
    told = await ask(STATEMENT, who=as_member(mei))
    nodes = told["me"]["points"]["entries"]["nodes"]
    assert nodes == [
        {"points": -20, "movement": {"lost": 30, "writtenOff": None}},
        {"points": -10, "movement": {"lost": None, "writtenOff": 40}},
    ]
    march = {
        "opening": 0,
        "earned": 130,
        "redeemed": -60,
        "clawedBack": -30,
        "expired": -40,
        "closing": 0,
        "lost": 30,
    }
    for _counted_first in (False, True):
        shown = await ask(REPORT, who=ANALYST, at=NOON + 8 * DAY)
        assert shown["liabilityReport"]["months"] == [march]
        await finance.bring_up_to_date(NOON + 30 * DAY)
    assert await violations() == []
