"""The mini-program client before the real application: a member logs in, stays logged in, and redeems."""

import json
from datetime import timedelta
from email.utils import format_datetime
from uuid import UUID

import pytest

from tests.clients.phone import URL, Carry, Phone, Reply, Request, Thrown, graphql, operation_of, storm
from tests.people import NOON, movements, programme

pytestmark = pytest.mark.either

HOME = "return await client.request('query Home { me { card { displayName } points { available } } }')"
REDEEM = (
    "mutation Redeem($input: PointsRedeemInput!) { pointsRedeem(input: $input) { entry { balanceAfter } replayed"
    " userErrors { code message retryable ... on InsufficientPoints { available } } } }"
)
ENROLL = "mutation Enroll($input: MemberEnrollInput!) { memberEnroll(input: $input) { member { state } } }"


def redeem(points: int, how: str = "{}") -> str:
    return f"return await client.mutate('{REDEEM}', {{ points: {points} }}, {how})"


def balances(count: int) -> str:
    """The balance, asked for by so many pages at once."""
    one = "client.request('query Balance { me { points { available } } }').then((data) => data.me.points.available)"
    return f"return await Promise.all(Array.from({{ length: {count} }}, () => {one}))"


def restart(phone: Phone) -> None:
    phone.engine.eval(f"client = createClient({{ url: '{URL}' }})")


async def test_a_member_is_logged_in_on_first_use(phone: Phone, mei: UUID) -> None:
    home = await phone.run(HOME)

    assert home == {"me": {"card": {"displayName": "小梅"}, "points": {"available": 100}}}
    assert phone.asked() == ["Login", "Home"]
    assert [each["timeout"] for each in phone.sent] == [20_000, 20_000]
    header = phone.sent[1]["header"]
    assert header["authorization"].startswith("Bearer lya_")
    assert "cookie" not in header


async def test_however_many_pages_ask_first_there_is_one_login(phone: Phone, mei: UUID) -> None:
    assert await phone.run(balances(5)) == [100] * 5
    assert phone.asked() == ["Login"] + ["Balance"] * 5
    assert phone.js("world.logins") == 1


async def test_a_login_is_kept_for_the_next_start(phone: Phone, mei: UUID) -> None:
    await phone.run(HOME)
    restart(phone)
    await phone.run(HOME)
    assert phone.asked() == ["Login", "Home", "Home"]


async def test_each_server_has_a_login_of_its_own(phone: Phone, mei: UUID) -> None:
    await phone.run(HOME)
    phone.engine.eval("client = createClient({ url: 'https://other.example.com/graphql' })")
    await phone.run(HOME)
    assert phone.asked() == ["Login", "Home", "Login", "Home"]


async def test_a_full_storage_costs_a_login_and_nothing_else(phone: Phone, mei: UUID) -> None:
    phone.set("fullStorage", value=True)
    await phone.run(HOME)
    assert await phone.run(balances(2)) == [100, 100]
    assert phone.asked().count("Login") == 1


async def test_somebody_new_is_told_apart_and_may_enrol(phone: Phone, mei: UUID) -> None:
    phone.set("code", "demo:stranger")
    told = await phone.run("return await client.login()")
    assert told == {"memberState": "PENDING", "phoneLinked": None, "phoneError": None}
    enrolled = await phone.run(f"return await client.mutate('{ENROLL}', {{}}, {{ key: null }})")
    assert enrolled == {"member": {"state": "ACTIVE"}}

    phone.set("stored", {})
    restart(phone)
    assert (await phone.run("return await client.login()"))["memberState"] == "ACTIVE"


async def test_what_is_public_is_told_without_a_login(phone: Phone) -> None:
    await programme()
    told = await phone.run("return await client.request('query P { programme { name } }', {}, { anonymous: true })")
    assert told == {"programme": {"name": "Tea House"}}
    assert phone.asked() == ["P"]


async def test_a_page_may_be_less_patient(phone: Phone, mei: UUID) -> None:
    await phone.run(HOME.replace("')", "', {}, { timeout: 3000 })"))
    assert [each["timeout"] for each in phone.sent] == [20_000, 3_000]


async def test_a_host_that_leaves_json_as_text_is_understood(phone: Phone, mei: UUID) -> None:
    async def as_text(request: Request, carry: Carry) -> Reply:
        reply = await carry(request)
        return {**reply, "data": json.dumps(reply["data"])}

    phone.weather = as_text
    assert (await phone.run(HOME))["me"]["points"] == {"available": 100}


async def test_of_a_document_with_several_operations_the_named_one_runs(phone: Phone, mei: UUID) -> None:
    both = "query A { programme { name } } query B { tiers { code } }"
    told = await phone.run(f"return await client.request('{both}', {{}}, {{ operationName: 'A' }})")
    assert told == {"programme": {"name": "Tea House"}}


@pytest.mark.parametrize(
    "heard",
    [
        {"fail": "request:fail timeout"},
        {"fail": "request:fail interrupted"},
        {"fail": "request:fail 似乎已断开与互联网的连接。"},
        {"statusCode": 502, "header": {}, "data": "<html>bad gateway</html>"},
        graphql("TIMEOUT"),
        graphql("RATE_LIMITED"),
        graphql("INTERNAL_SERVER_ERROR"),
    ],
    ids=["timeout", "interrupted", "offline", "502", "TIMEOUT", "RATE_LIMITED", "fault"],
)
async def test_a_redemption_whose_answer_was_lost_is_made_once(phone: Phone, mei: UUID, heard: Reply) -> None:
    phone.weather = storm("Redeem", heard)

    payload = await phone.run(redeem(10))

    assert payload == {"entry": {"balanceAfter": 90}, "replayed": True, "userErrors": []}
    assert await movements(mei) == [("EARN", 100), ("REDEEM", -10)]
    first, second = phone.inputs("Redeem")
    assert first == second


async def test_two_redemptions_are_two(phone: Phone, mei: UUID) -> None:
    await phone.run(redeem(10))
    assert (await phone.run(redeem(10)))["replayed"] is False
    assert await movements(mei) == [("EARN", 100), ("REDEEM", -10), ("REDEEM", -10)]


async def test_the_client_gives_up_and_the_member_may_try_the_very_same_again(phone: Phone, mei: UUID) -> None:
    phone.weather = storm("Redeem", {"fail": "request:fail"}, times=4)
    phone.engine.eval("Math.random = () => 0.5")
    with pytest.raises(Thrown) as thrown:
        await phone.run(redeem(10))
    assert phone.asked().count("Redeem") == 4
    assert phone.now - NOON == timedelta(seconds=0.375 + 0.75 + 1.5), "pauses double, and chance takes up to a half"

    again = await phone.run(redeem(10, f"{{ key: '{thrown.value['key']}' }}"))

    assert again["replayed"] is True
    assert await movements(mei) == [("EARN", 100), ("REDEEM", -10)]


async def test_a_query_is_tried_again_only_when_the_page_says_so(phone: Phone, mei: UUID) -> None:
    phone.weather = storm("Home", {"fail": "request:fail"})
    with pytest.raises(Thrown):
        await phone.run(HOME)
    phone.weather = storm("Home", {"fail": "request:fail"})
    assert await phone.run(HOME.replace("')", "', {}, { retries: 1 })"))
    assert phone.asked().count("Home") == 3


async def test_a_pause_is_as_long_as_the_server_asks(phone: Phone, mei: UUID) -> None:
    moment = NOON + timedelta(days=1)
    asked = {"retry-after": format_datetime(moment + timedelta(seconds=9)), "date": format_datetime(moment)}
    for header, pause in (({"Retry-After": "7"}, 7), (asked, 9)):
        began = phone.now
        phone.weather = storm("Redeem", graphql("RATE_LIMITED", **header), loses="request")
        await phone.run(redeem(1))
        assert phone.now - began == timedelta(seconds=pause)


async def test_a_long_pause_is_left_to_the_page(phone: Phone, mei: UUID) -> None:
    phone.weather = storm("Redeem", graphql("RATE_LIMITED", **{"Retry-After": "600"}), loses="request")
    with pytest.raises(Thrown) as thrown:
        await phone.run(redeem(1))
    assert (thrown.value["code"], thrown.value["retryAfterSeconds"]) == ("RATE_LIMITED", 600)
    assert phone.now == NOON


async def test_a_query_waits_where_the_server_says_how_long(phone: Phone, mei: UUID) -> None:
    errors = [{"message": "Wait.", "extensions": {"code": "RATE_LIMITED", "retryAfterSeconds": 4}}]
    phone.weather = storm("Home", {"statusCode": 429, "header": {}, "data": {"errors": errors}}, loses="request")
    assert await phone.run(HOME)
    assert phone.now - NOON == timedelta(seconds=4), "also where a host hides the header"

    phone.weather = storm("Home", graphql("UNAVAILABLE", **{"Retry-After": "1"}), loses="request", times=9)
    with pytest.raises(Thrown) as thrown:
        await phone.run(HOME)
    assert (thrown.value["code"], thrown.value["retryable"]) == ("UNAVAILABLE", True)
    assert phone.now - NOON == timedelta(seconds=4 + 3)
    with pytest.raises(Thrown):
        await phone.run(HOME.replace("')", "', {}, { retries: 0 })"))
    assert phone.now - NOON == timedelta(seconds=4 + 3), "unless the page has no patience"


async def test_what_was_interrupted_waits_until_the_member_is_back(phone: Phone, mei: UUID) -> None:
    async def leaves(request: Request, carry: Carry) -> Reply:
        phone.weather = storm("", {})
        phone.engine.eval("world.hidden.forEach((listener) => listener())")
        return {"fail": "request:fail interrupted"}

    await phone.run(HOME)
    phone.weather = leaves
    back = "setTimeout(() => world.shown.forEach((listener) => listener()), 60000);"
    assert (await phone.run(back + redeem(10)))["entry"] == {"balanceAfter": 90}
    assert phone.now - NOON == timedelta(minutes=1)


async def test_fresh_tokens_are_had_before_the_old_ones_expire_once_for_all(phone: Phone, mei: UUID) -> None:
    await phone.run(HOME)
    for minutes, refreshes in ((28, 0), (1.5, 1), (28, 1), (1.5, 2), (60, 3)):
        phone.time_passes(minutes=minutes)
        assert await phone.run(balances(5)) == [100] * 5
        assert phone.asked().count("Refresh") == refreshes
    assert phone.asked().count("Login") == 1
    assert phone.asked().count("Balance") == 25, "none was refused"


async def test_pages_that_were_refused_wait_for_one_refresh_and_are_repeated_once(phone: Phone, mei: UUID) -> None:
    await phone.run(HOME)
    phone.server_ahead = timedelta(hours=1)

    assert await phone.run(balances(5)) == [100] * 5

    assert phone.asked() == ["Login", "Home"] + ["Balance"] * 5 + ["Refresh"] + ["Balance"] * 5


async def test_who_asks_during_a_renewal_waits_for_it(phone: Phone, mei: UUID) -> None:
    async def meanwhile(request: Request, carry: Carry) -> Reply:
        if operation_of(request) == "Refresh":
            phone.engine.eval(f"world.late = (async () => {{ {HOME} }})()")
        return await carry(request)

    await phone.run(HOME)
    phone.server_ahead = timedelta(hours=1)
    phone.weather = meanwhile
    await phone.run(balances(1) + ".then(() => world.late)")
    assert phone.asked()[:4] == ["Login", "Home", "Balance", "Refresh"]
    assert sorted(phone.asked()[4:]) == ["Balance", "Home"]


async def test_who_is_refused_with_fresh_tokens_too_is_told_so(phone: Phone, mei: UUID) -> None:
    phone.weather = storm("Home", graphql("UNAUTHENTICATED"), times=9)
    with pytest.raises(Thrown) as thrown:
        await phone.run(HOME)
    assert (thrown.value["kind"], thrown.value["code"]) == ("graphql", "UNAUTHENTICATED")
    assert phone.asked() == ["Login", "Home", "Refresh", "Home"]


async def test_a_refresh_whose_answer_was_lost_leads_to_a_login_nobody_sees(phone: Phone, mei: UUID) -> None:
    await phone.run(HOME)
    phone.time_passes(hours=1)
    phone.weather = storm("Refresh", {"fail": "request:fail timeout"})
    assert await phone.run(balances(3)) == [100] * 3
    assert phone.asked() == ["Login", "Home", "Refresh", "Refresh", "Login"] + ["Balance"] * 3
    first, second = phone.inputs("Refresh")
    assert first == second


async def test_a_refresh_that_is_lost_for_too_long_leads_to_a_login(phone: Phone, mei: UUID) -> None:
    await phone.run(HOME)
    phone.time_passes(hours=1)
    phone.weather = storm("Refresh", {"fail": "request:fail timeout"}, times=3)
    with pytest.raises(Thrown) as lost:
        await phone.run(HOME)
    assert lost.value["code"] == "TIMED_OUT"
    phone.time_passes(minutes=1)

    assert await phone.run(balances(3)) == [100] * 3

    assert phone.asked() == ["Login", "Home"] + ["Refresh"] * 4 + ["Login"] + ["Balance"] * 3


async def test_tokens_that_were_refused_are_kept_no_longer(phone: Phone, mei: UUID) -> None:
    await phone.run(HOME)
    phone.time_passes(days=31)
    phone.set("code", None)
    with pytest.raises(Thrown):
        await phone.run(HOME)
    assert phone.js("world.stored") == {}


async def test_a_refresh_that_never_arrived_is_tried_again_without_a_login(phone: Phone, mei: UUID) -> None:
    await phone.run(HOME)
    phone.time_passes(hours=1)
    phone.weather = storm("Refresh", {"fail": "request:fail"}, loses="request")
    assert (await phone.run(redeem(10)))["entry"] == {"balanceAfter": 90}
    assert phone.asked() == ["Login", "Home", "Refresh", "Refresh", "Redeem"]


@pytest.mark.parametrize("off", [timedelta(days=-400), timedelta(days=1)])
async def test_a_phone_whose_clock_is_wrong_works_too(phone: Phone, mei: UUID, off: timedelta) -> None:
    phone.server_ahead = off
    for _ in range(3):
        await phone.run(HOME)
        phone.time_passes(minutes=1)
    assert phone.asked() == ["Login", "Home", "Home", "Home"]
    phone.time_passes(minutes=31)
    await phone.run(HOME)
    assert phone.asked().count("Refresh") == 1


async def test_how_long_tokens_live_is_reckoned_by_the_servers_clock(phone: Phone, mei: UUID) -> None:
    async def dated(request: Request, carry: Carry) -> Reply:
        reply = await carry(request)
        return {**reply, "header": {**reply["header"], "Date": format_datetime(phone.server_time())}}

    phone.server_ahead = timedelta(hours=5)
    phone.weather = dated
    await phone.run(HOME)
    phone.time_passes(minutes=29, seconds=30)
    await phone.run(HOME)
    assert phone.asked() == ["Login", "Home", "Refresh", "Home"], "asked in time, not when refused"


async def test_never_more_than_eight_requests_are_on_the_way(phone: Phone, mei: UUID) -> None:
    assert await phone.run(balances(12)) == [100] * 12
    assert phone.js("[world.most, world.inFlight]") == [8, 0]


async def test_a_renewal_goes_before_the_queue(phone: Phone, mei: UUID) -> None:
    await phone.run(HOME)
    phone.server_ahead = timedelta(hours=1)
    assert await phone.run(balances(20)) == [100] * 20
    asked = phone.asked()
    assert asked.index("Refresh") < 2 + 8 + 8
    assert asked.count("Refresh") == 1, "those that were refused after it take its tokens"


async def test_a_logout_ends_the_login_on_the_server(phone: Phone, mei: UUID) -> None:
    await phone.run(HOME)
    [token] = {each["header"]["authorization"] for each in phone.sent if "authorization" in each["header"]}

    assert await phone.run("return await client.logout()") is True

    assert phone.js("world.stored") == {}
    assert await phone.run("return await client.logout()") is False
    told = await phone.shop.post(URL, json={"query": "{me{id}}"}, headers={"authorization": token})
    assert told.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    await phone.run(HOME)
    assert phone.asked() == ["Login", "Home", "Logout", "Login", "Home"]
    phone.server_ahead = timedelta(hours=1)
    await phone.run(HOME)
    assert phone.asked()[-3:] == ["Home", "Refresh", "Home"], "the next login is renewed like the first"


async def test_an_answer_that_comes_after_a_logout_logs_nobody_in(phone: Phone, mei: UUID) -> None:
    await phone.run(HOME)
    phone.weather = storm("Home", graphql("UNAUTHENTICATED"), loses="request")
    told = await phone.run(
        f"const late = (async () => {{ {HOME} }})().catch((error) => error.code);"
        "await Promise.resolve(); await client.logout(); return await late"
    )
    assert told == "UNAUTHENTICATED"
    assert phone.asked().count("Login") == 1


async def test_a_logout_during_a_renewal_ends_the_fresh_tokens(phone: Phone, mei: UUID) -> None:
    await phone.run(HOME)
    old = phone.js("Object.values(world.stored)[0]")
    phone.time_passes(hours=1)
    ended = await phone.run(
        f"const late = (async () => {{ {HOME} }})().catch((error) => error.code);"
        "await Promise.resolve(); const ended = await client.logout(); await late; return ended"
    )
    assert ended is True
    assert phone.js("world.stored") == {}
    [revoked] = phone.inputs("Logout")
    assert revoked["token"] not in old
    assert phone.asked().count("Login") == 1


async def test_a_logout_without_a_network_forgets_the_tokens_all_the_same(phone: Phone, mei: UUID) -> None:
    await phone.run(HOME)
    phone.weather = storm("Logout", {"fail": "request:fail"}, loses="request")
    with pytest.raises(Thrown):
        await phone.run("return await client.logout()")
    assert phone.js("world.stored") == {}
