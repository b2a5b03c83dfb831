"""The mini-program client knows who is there: their phone, their devices, and whether they have enrolled."""

from datetime import timedelta
from uuid import UUID

import pytest

from rules import lifecycle
from rules.members import Profile
from tests.clients.phone import Phone, graphql, storm
from tests.clients.test_miniprogram import HOME, balances, restart
from tests.clients.test_miniprogram_events import following, hears, subscribed
from tests.people import NOON, SHOP, buy
from tests.people import phone as number_of

pytestmark = pytest.mark.either


async def known(number: str = "+8613800000001") -> UUID:
    """Somebody whom the shop knows by phone, with 200 points."""
    who, _ = await lifecycle.enroll(None, [number_of(number)], Profile(display_name="小雨"), actor=SHOP, now=NOON)
    await buy(who, 200_00)
    return who


async def test_a_login_with_a_phone_finds_whom_the_shop_knows(phone: Phone, mei: UUID) -> None:
    await known()
    phone.set("code", "demo:stranger")
    told = await phone.run("return await client.login({ phoneCode: 'phone:13800000001' })")
    assert told == {"memberState": "ACTIVE", "phoneLinked": True, "phoneError": None}
    assert await phone.run(balances(1)) == [200]
    assert phone.asked() == ["Login", "Balance"]


async def test_a_phone_that_fails_keeps_nobody_out(phone: Phone, mei: UUID) -> None:
    phone.set("code", "demo:stranger")
    told = await phone.run("return await client.login({ phoneCode: 'no-such-code' })")
    assert (told["memberState"], told["phoneLinked"]) == ("PENDING", False)
    assert told["phoneError"]["code"] == "PHONE_CODE_REFUSED"
    again = await phone.run("return await client.login({ phoneCode: 'phone:13800000009' })")
    assert again == {"memberState": "PENDING", "phoneLinked": True, "phoneError": None}, "linked later"


async def test_a_linked_phone_may_make_you_another_member(phone: Phone, mei: UUID) -> None:
    who = await known()
    phone.set("code", "demo:stranger")
    await following(phone)
    told = await phone.run("return await client.linkPhone('phone:13800000001')")
    assert (told["memberChanged"], told["memberState"], told["userErrors"]) == (True, "ACTIVE", [])
    assert told["phone"]["masked"].endswith("0001")
    assert "tokens" not in told
    assert await phone.run(balances(2)) == [200, 200]
    assert "Refresh" not in phone.asked(), "the tokens were swapped"

    await subscribed(phone, 2)
    assert len(phone.js("starts")) == 2, "the page is loaded anew"
    await buy(who, 10_00)
    await hears(phone, 3)
    restart(phone)
    assert await phone.run(balances(1)) == [200 + 10]
    assert phone.asked().count("Login") == 1


async def test_a_linking_whose_answer_was_lost_is_done_once(phone: Phone, mei: UUID) -> None:
    await known()
    phone.set("code", "demo:stranger")
    await phone.run(HOME)
    phone.weather = storm("LoyaltyLinkPhone", {"fail": "request:fail timeout"})
    told = await phone.run("return await client.linkPhone('phone:13800000001')")
    assert (told["alreadyLinked"], told["userErrors"]) == (True, [])
    assert await phone.run(balances(1)) == [200]
    assert phone.asked() == [
        "Login", "Home", "LoyaltyLinkPhone", "LoyaltyLinkPhone", "Refresh", "Login", "LoyaltyLinkPhone", "Balance"
    ]  # fmt: skip


async def test_pages_that_ask_while_a_phone_is_linked_get_its_tokens(phone: Phone, mei: UUID) -> None:
    await known()
    phone.set("code", "demo:stranger")
    await phone.run(HOME)
    phone.weather = storm("Home", graphql("UNAUTHENTICATED"), loses="request")
    told = await phone.run(
        "const linked = client.linkPhone('phone:13800000001');"
        f"const home = (async () => {{ {HOME} }})(); await linked; return (await home).me.points.available"
    )
    assert told == 200
    assert "Refresh" not in phone.asked()


async def test_a_phone_that_is_another_members_is_refused(phone: Phone, mei: UUID) -> None:
    await known()
    told = await phone.run("return await client.linkPhone('phone:13800000001')")
    assert told["userErrors"][0]["code"] == "PHONE_TAKEN"
    assert (told["memberChanged"], told["phone"]) == (False, None)
    assert await phone.run(balances(1)) == [100]


async def test_a_member_sees_their_devices_and_ends_the_others(phone: Phone, mei: UUID) -> None:
    await phone.run(HOME)
    phone.set("stored", {})
    phone.engine.eval(
        "var other = createClient(Object.assign({ url: 'https://shop.example.com/graphql' }, uniApp(uni)))"
    )
    await phone.run("await other.login()")
    devices = await phone.run("return await other.devices()")
    assert {(each["device"], each["current"]) for each in devices} == {
        ("Apple iPhone 15, WeChat", False),
        ("HUAWEI Mate 60, WeChat", True),
    }
    [first] = [each["id"] for each in devices if not each["current"]]
    assert await phone.run(f"return await other.endDevice('{first}')") == {"ended": 1, "userErrors": []}
    assert (await phone.run("return await other.endDevice('nonsense')"))["userErrors"][0]["code"] == "NOT_FOUND"
    await phone.run(HOME)
    assert phone.asked()[-3:] == ["Refresh", "Login", "Home"], "it has to log in anew"
    assert (await phone.run("return await other.endOtherDevices()"))["ended"] == 1


async def test_a_phone_whose_clock_jumps_renews_in_time(phone: Phone, mei: UUID) -> None:
    phone.server_ahead = timedelta(days=-9000)
    await phone.run(HOME)
    phone.time_passes(minutes=28)
    await phone.run(HOME)
    phone.time_passes(minutes=1.5)
    await phone.run(HOME)
    assert phone.asked() == ["Login", "Home", "Home", "Refresh", "Home"]


@pytest.mark.parametrize("device", ["'Mei’s till'", "() => 'Mei’s till'"])
async def test_a_device_has_the_name_you_give_it(phone: Phone, mei: UUID, device: str) -> None:
    phone.engine.eval(f"client = createClient({{ url: 'https://shop.example.com/graphql', device: {device} }})")
    await phone.run(HOME)
    assert [each["device"] for each in phone.inputs("Login")] == ["Mei’s till"]
