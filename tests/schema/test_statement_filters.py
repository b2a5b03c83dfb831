"""The statement: a ledger by kind and period, page by page, each line saying why, by whom and of which points."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from models.points import PointsKind
from models.sql import SQL
from models.staff import StaffRole
from schema.points._words import KINDS
from tests.people import CASHIER as PERSON
from tests.people import DAY, NOON, adjust, buy, give_back, member, programme, redeem, refund
from tests.schema.asking import ANALYST, CLERK, as_member, as_service, as_staff, ask, entry_id, member_id
from tests.schema.test_statements import cost, shown

LINE = "kind bucket points occurredAt"
PAGE = f"""query($n: Int, $c: String, $b: String, $m: Int, $f: PointsEntryFilter) {{ me {{ points {{
  entries(first: $n, after: $c, last: $m, before: $b, filter: $f) {{
    nodes {{ id {LINE} }} edges {{ cursor }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }}
}} }} }}"""
STORE = SQL("INSERT INTO store (id, code, name) VALUES ($1, 'S1', 'Tea House at the Bund') RETURNING id")


async def page(who: UUID, wanted: dict[str, Any] | None, **more: Any) -> Any:
    given = {"n": 3, **more, "f": wanted}
    if "m" in more:
        del given["n"]
    return (await ask(PAGE, given, who=as_member(who)))["me"]["points"]["entries"]


async def busy() -> UUID:
    """Somebody who bought, spent and was put right on ten days, one after another."""
    await programme(expire_months=12)
    mei = await member("Mei")
    for number in range(10):
        at = NOON + number * DAY
        await buy(mei, 100_00, at=at)
        await redeem(mei, 10, at=at + timedelta(hours=1))
        if number % 3 == 0:
            await adjust(mei, 5 + number, at=at + timedelta(hours=2))
    return mei


async def everything(who: UUID, wanted: dict[str, Any], **more: Any) -> list[Any]:
    """All pages of a statement, from the newest on."""
    found: list[Any] = []
    after = None
    while True:
        told = await page(who, wanted, c=after, **more)
        found += told["nodes"]
        assert [each["cursor"] for each in told["edges"]][-1:] == [told["pageInfo"]["endCursor"]][: len(found)]
        if not told["pageInfo"]["hasNextPage"]:
            return found
        after = told["pageInfo"]["endCursor"]


async def test_a_statement_shows_the_kinds_that_are_asked_for_newest_first_page_by_page() -> None:
    mei = await busy()
    every = await everything(mei, {}, n=100)
    assert len(every) == 24
    for kinds in (
        ["REDEEM"],
        ["ADJUST_IN"],
        ["EARN", "ADJUST_IN"],
        ["EXPIRE"],
        [kind.value for kind in PointsKind],
    ):
        for size in (1, 3, 100):
            assert await everything(mei, {"kinds": kinds}, n=size) == [e for e in every if e["kind"] in kinds]


async def test_a_statement_of_a_period_begins_at_its_first_moment_and_ends_before_its_last() -> None:
    mei = await busy()
    every = await everything(mei, {}, n=100)
    since, until = NOON + 2 * DAY, NOON + 5 * DAY + timedelta(hours=1)
    found = await everything(mei, {"since": since.isoformat(), "until": until.isoformat()})
    assert found == [e for e in every if since <= datetime.fromisoformat(e["occurredAt"]) < until]
    assert found[-1]["occurredAt"] == "2026-03-12T04:00:00Z"
    both = {"since": since.isoformat(), "until": until.isoformat(), "kinds": ["REDEEM"]}
    assert await everything(mei, both) == [e for e in found if e["kind"] == "REDEEM"]
    before = [e for e in every if datetime.fromisoformat(e["occurredAt"]) < since]
    assert await everything(mei, {"until": since.isoformat()}) == before
    assert len(before) == 5


async def test_a_programmes_days_end_at_its_own_midnight() -> None:
    await programme()
    mei = await member("Mei")
    midnight = datetime(2026, 3, 31, 16, tzinfo=UTC)
    for place, at in enumerate((midnight - timedelta(seconds=1), midnight, midnight + DAY - timedelta(seconds=1))):
        await adjust(mei, 1 + place, at=at)
    await adjust(mei, 9, at=midnight + DAY)
    found = await page(mei, {"days": {"first": "2026-04-01", "last": "2026-04-01"}})
    assert [e["points"] for e in found["nodes"]] == [3, 2]
    march = {"first": "2026-03-01", "last": "2026-03-31"}
    found = await page(mei, {"days": march})
    assert [e["points"] for e in found["nodes"]] == [1]
    for empty in ({"days": march, "since": midnight.isoformat()}, {"days": march, "until": "2026-02-01T00:00:00Z"}):
        assert (await page(mei, empty))["nodes"] == []


async def test_a_statement_is_read_backwards_as_it_is_forwards() -> None:
    mei = await busy()
    wanted = {"kinds": ["REDEEM", "ADJUST_IN"], "since": NOON.isoformat()}
    every = await everything(mei, wanted)
    told = await page(mei, wanted, m=4)
    assert told["nodes"] == every[-4:]
    assert told["pageInfo"]["hasPreviousPage"] is True
    again = await page(mei, wanted, m=4, b=told["pageInfo"]["startCursor"])
    assert again["nodes"] == every[-8:-4]
    first = await page(mei, wanted, m=100, b=told["pageInfo"]["startCursor"])
    assert first["nodes"] == every[:-4]
    assert first["pageInfo"]["hasPreviousPage"] is False


async def test_lines_of_one_movement_are_not_torn_apart_by_a_page() -> None:
    """A purchase that repays a debt writes several lines at one moment."""
    await programme()
    mei = await member("Mei")
    await buy(mei, 200_00, ref="tea")
    await redeem(mei, 180)
    await refund("tea", {"A": 200_00})
    await buy(mei, 250_00)
    every = await everything(mei, {}, n=100)
    assert len(every) == 7
    for size in (1, 2, 3):
        found = await everything(mei, {"since": NOON.isoformat()}, n=size)
        assert sorted(e["id"] for e in found) == sorted(e["id"] for e in every)
        assert len(found) == len(every)


@pytest.mark.parametrize(
    "wanted",
    [
        {"kinds": []},
        {"since": "2026-03-10T04:00:01Z", "until": "2026-03-10T04:00:00Z"},
        {"days": {"first": "2026-03-10", "last": "2026-03-09"}},
        {"days": {"first": "0001-01-01", "last": "2026-03-09"}},
        {"days": {"first": "2026-01-01", "last": "9999-12-31"}},
    ],
)
async def test_a_filter_that_makes_no_sense_is_told_so(wanted: dict[str, Any]) -> None:
    await programme()
    mei = await member("Mei")
    answer = await ask(PAGE, {"n": 3, "f": wanted}, who=as_member(mei))
    assert answer.codes == ["BAD_USER_INPUT"]


async def test_the_cursor_of_one_list_is_not_the_others() -> None:
    mei = await busy()
    narrowed = (await page(mei, {"kinds": ["EARN"]}))["pageInfo"]["endCursor"]
    whole = (await page(mei, None))["pageInfo"]["endCursor"]
    for wanted, cursor in ((None, narrowed), ({"kinds": ["EARN"]}, whole)):
        answer = await ask(PAGE, {"n": 3, "c": cursor, "f": wanted}, who=as_member(mei))
        assert answer.codes == ["BAD_USER_INPUT"]


async def test_each_member_of_a_page_gets_their_own_statement(statements: list[str]) -> None:
    mei = await busy()
    lan = await member("Lan", at=NOON + DAY)
    await redeem_of(lan)
    document = """{ members(first: 5) { nodes { id points {
      entries(first: 2, filter: { kinds: [REDEEM, EARN], since: "2026-03-10T04:00:00Z" }) {
        nodes { points movement { by staff { username } lots { points expiresAt earnedAt } reversesId } } }
    } } } }"""
    for backwards in (False, True):
        text = document.replace("first: 2,", "last: 2,") if backwards else document
        nodes = (await shown(text, who=CLERK))["members"]["nodes"]
        by_id = {node["id"]: [e["points"] for e in node["points"]["entries"]["nodes"]] for node in nodes}
        assert by_id[member_id(lan)] == ([-7, 50] if not backwards else [50, 20])
        assert by_id[member_id(mei)] == [-10, 100]
    assert await cost(document, statements, who=CLERK) == 5


async def redeem_of(who: UUID) -> None:
    await buy(who, 20_00)
    await buy(who, 50_00, at=NOON + timedelta(hours=1))
    await redeem(who, 7, at=NOON + timedelta(hours=2))


async def test_a_narrowed_statement_takes_one_statement(statements: list[str]) -> None:
    mei = await busy()
    document = """{ me { points { entries(first: 5, filter: { kinds: [EARN], since: "2026-03-10T04:00:00Z" }) {
      nodes { id kind points says } pageInfo { hasNextPage endCursor } } } } }"""
    assert await cost(document, statements, who=as_member(mei)) == 1


TOLD = """query($f: PointsEntryFilter) { me { points { entries(first: 10, filter: $f) { nodes {
  id kind says reason movement { by store reversesId lots { points held expiresAt earnedAt } }
} } } } }"""


async def test_each_line_says_why_by_whom_and_of_which_points() -> None:
    await programme(expire_months=12)
    mei = await member("Mei")
    await buy(mei, 50_00)
    await buy(mei, 100_00, at=NOON + 40 * DAY)
    spent = await redeem(mei, 120, at=NOON + 41 * DAY)
    await give_back(mei, spent.transaction_id, 30, at=NOON + 42 * DAY)
    for wanted in (None, {"since": NOON.isoformat()}):
        answer = await ask(TOLD, {"f": wanted}, who=as_member(mei), at=NOON + 43 * DAY)
        back, out, *_ = answer["me"]["points"]["entries"]["nodes"]
        assert (back["says"], back["reason"]) == ("Points returned: goods were returned", "RETURNED")
        assert back["movement"]["reversesId"] == out["id"]
        assert back["movement"]["by"] == "STAFF"
        soon, late = "2027-03-10T16:00:00Z", "2027-04-19T16:00:00Z"
        earned = ["2026-03-10T04:00:00Z", "2026-04-19T04:00:00Z"]
        assert back["movement"]["lots"] == [
            {"points": 30, "held": 0, "expiresAt": late, "earnedAt": earned[1]},
        ]
        assert out["movement"]["lots"] == [
            {"points": -50, "held": 0, "expiresAt": soon, "earnedAt": earned[0]},
            {"points": -70, "held": 0, "expiresAt": late, "earnedAt": earned[1]},
        ]
        assert out["movement"]["reversesId"] is None
    answer = await ask(TOLD, who=as_member(mei), language="zh")
    assert [e["says"] for e in answer["me"]["points"]["entries"]["nodes"]] == [
        "积分退回（退货）",
        "积分兑换",
        "消费获得积分",
        "消费获得积分",
    ]


async def test_a_line_tells_its_store_to_all_and_its_person_to_the_staff() -> None:
    await programme()
    store = UUID(int=77)
    await STORE.row(store)
    mei = await member("Mei")
    await adjust(mei, 100)
    await redeem(mei, 10, actor=PERSON._replace(store_id=store))
    document = """query($id: ID!) { node(id: $id) { ... on Member { points { entries(first: 1) { nodes {
      movement { by store %s } } } } } } }"""
    told = [{"movement": {"by": "STAFF", "store": "Tea House at the Bund"}}]
    for who in (as_member(mei), as_service(), CLERK, ANALYST):
        answer = await ask(document % "", {"id": member_id(mei)}, who=who)
        assert answer["node"]["points"]["entries"]["nodes"] == told
    named = document % "staff { username }"
    assert (await ask(named, {"id": member_id(mei)}, who=as_member(mei))).codes[0] == "FORBIDDEN"
    assert (await ask(named, {"id": member_id(mei)}, who=as_service())).codes[0] == "FORBIDDEN"
    answer = await ask(named, {"id": member_id(mei)}, who=as_staff(StaffRole.ANALYST))
    [line] = answer["node"]["points"]["entries"]["nodes"]
    assert line["movement"] == {**told[0]["movement"], "staff": None}


async def test_the_answer_of_a_mutation_tells_its_movement_too() -> None:
    await programme()
    mei = await member("Mei")
    await adjust(mei, 100)
    document = """mutation { pointsRedeem(input: { points: 40, idempotencyKey: "tea-for-mei" }) {
      entry { id says movement { by lots { points } } } userErrors { code } } }"""
    done = (await ask(document, who=as_member(mei)))["pointsRedeem"]["entry"]
    assert done["says"] == "Redeemed: a redemption"
    assert done["movement"] == {"by": "MEMBER", "lots": [{"points": -40}]}
    again = await ask(
        "query($id: ID!) { node(id: $id) { ... on PointsEntry { says } } }", {"id": done["id"]}, who=as_member(mei)
    )
    assert again["node"]["says"] == done["says"]
    assert entry_id(mei, mei) != done["id"]


def test_every_kind_has_its_words_in_both_languages() -> None:
    assert set(KINDS) == set(PointsKind)
    assert all(english.isascii() and not chinese.isascii() for english, chinese in KINDS.values())
