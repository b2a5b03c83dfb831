"""The mini-program's quickstart: the page it has a stranger write does what it says."""

import re
from pathlib import Path
from uuid import UUID

import pytest

from api.manifest import manifest
from tests.clients.phone import CLIENT, Carry, Phone, Reply, Request
from tests.people import buy, movements

pytestmark = pytest.mark.either

PAGE = (CLIENT.parents[1] / "docs" / "quickstarts" / "miniprogram.md").read_text("utf-8")
FILES = dict(re.findall(r"<!-- (?:js|wxml): ([\w/.]+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))


def opened(phone: Phone) -> None:
    """The page is shown."""
    phone.define("../../loyalty", FILES["loyalty.js"])
    phone.engine.eval("var page; var Page = (told) => { page = told; }")
    phone.define("pages/home/home", FILES["pages/home/home.js"])
    phone.engine.eval("page.setData = (change) => Object.assign(page.data, change); page.onShow()")


def test_every_handler_of_the_page_is_there() -> None:
    assert FILES.keys() == {"loyalty.js", "pages/home/home.wxml", "pages/home/home.js"}
    for handler in re.findall(r'bind\w+="(\w+)"', FILES["pages/home/home.wxml"]):
        assert f"{handler}(" in FILES["pages/home/home.js"]


def test_the_documents_of_the_page_are_gathered_from_its_source(tmp_path: Path) -> None:
    source = tmp_path / "home.js"
    source.write_text(FILES["pages/home/home.js"], "utf-8")
    found = manifest([source])
    assert [each.name for each in found] == ["Home", "Enrol", "Code", "Redeem"]
    assert all(each.source in FILES["pages/home/home.js"] for each in found)


def test_the_page_has_the_line_that_the_simulator_needs() -> None:
    assert "// appLogin: async () => 'demo:mei'," in FILES["loyalty.js"]


async def test_a_stranger_enrols_and_links_their_phone(phone: Phone, mei: UUID) -> None:
    phone.set("code", "demo:stranger")
    opened(phone)
    await phone.until("page.data.me && page.data.me.state === 'PENDING'")
    await phone.run("await page.onEnrol()")
    assert phone.js("page.data.me.state") == "ACTIVE"
    assert phone.js("page.data.me.phone") is None
    await phone.run("await page.onPhone({ detail: { code: 'phone:13800000007' } })")
    assert phone.js("page.data.me.phone.masked").endswith("0007")
    assert phone.js("page.data.message") == ""
    await phone.run("await page.onPhone({ detail: {} })")
    assert phone.asked().count("LoyaltyLinkPhone") == 1, "who says no is not asked"


async def test_a_member_shows_a_code_redeems_once_and_hears_of_it(phone: Phone, mei: UUID) -> None:
    opened(phone)
    await phone.until("page.data.available === 100")
    await phone.run("await page.onCode()")
    assert phone.js("page.data.code.qrDataUri").startswith("data:image/")

    lost: list[Request] = []

    async def weather(request: Request, carry: Carry) -> Reply:
        reply = await carry(request)
        if "REWARD_TEA" not in request["data"] or "PERSISTED" in str(reply["data"]) or len(lost) == 4:
            return reply
        lost.append(request)
        return {"fail": "request:fail"}

    phone.weather = weather
    await phone.run("await page.onRedeem()")
    assert phone.js("page.data.message") == "The network cannot be reached. Please try again."
    await phone.run("await page.onRedeem()")
    await phone.until("page.data.available === 50")
    assert await movements(mei) == [("EARN", 100), ("REDEEM", -50)]

    await buy(mei, 30_00)
    await phone.until("page.data.available === 80")
    await phone.passes(seconds=0)  # the other events of the purchase
    phone.engine.eval("page.onHide()")
    await phone.until("true")
    assert not phone.air.clients
