"""The mini-program client's pages: each example of its README runs, and its made files are current."""

import re
from uuid import UUID

import pytest
from graphql import build_schema

from clients.miniprogram import generate
from tests.clients.phone import CLIENT, URL, Phone, storm
from tests.clients.test_miniprogram import redeem
from tests.people import buy

pytestmark = pytest.mark.either

README = (CLIENT / "README.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"<!-- run: ([\w-]+) -->\n```(?:js|vue)\n(.*?)```", README, re.DOTALL))
NEWER = {
    "optional chaining": r"\?\.\D",
    "nullish coalescing": r"\?\?",
    "logical assignment": r"(\|\||&&)=",
    "private members": r"[ .]#\w",
    "catch without a binding": r"catch \{",
    "globalThis": r"\bglobalThis\b",
    "regular expressions with named groups or looking behind": r"\(\?<",
    "imports": r"\bimport\b",
    "a console": r"\bconsole\b",
}
"""What a phone's engine may not know, or a client has no business with."""


def as_commonjs(source: str) -> str:
    """A module's imports and exports as a bundler would write them."""
    source = re.sub(r"</?script[^>]*>", "", source)
    source = re.sub(
        r"import (\w+), (\{.*?\}) from '(.*?)';", r"const \1 = require('\3'), \2 = require('\3');", source
    )
    source = re.sub(r"import (\{.*?\}) from '(.*?)';", r"const \1 = require('\2');", source)
    source = re.sub(r"export (function|const) (\w+)", r"module.exports.\2 = \2;\n\1 \2", source)
    return re.sub(r"\nexport (\{.*\};)", r"\nmodule.exports = \1", source)


def test_every_example_is_run() -> None:
    assert set(EXAMPLES) == {"login", "enrol", "wechat", "taro", "uni-app", "events", "friends"}
    assert README.count("```js\n") + README.count("```vue\n") == len(EXAMPLES)


async def test_the_three_lines_log_a_member_in(phone: Phone, mei: UUID) -> None:
    me = await phone.run(EXAMPLES["login"] + "return me;")
    assert me == {"card": {"displayName": "小梅"}, "points": {"available": 100}}


async def test_the_example_of_enrolling_makes_a_member(phone: Phone, mei: UUID) -> None:
    phone.set("code", "demo:stranger")
    phone.engine.eval("var loyalty = client")
    await phone.run(EXAMPLES["enrol"])
    told = await phone.run("return await client.request('{ me { state card { displayName } } }')")
    assert told == {"me": {"state": "ACTIVE", "card": {"displayName": "小梅"}}}


async def test_the_page_for_wechat_shows_a_member_and_redeems(phone: Phone, mei: UUID) -> None:
    phone.engine.eval("var page; var Page = (told) => { page = told; }")
    phone.define("pages/home/home", EXAMPLES["wechat"])
    phone.engine.eval("page.setData = (change) => Object.assign(page.data, change)")

    await phone.run("await page.onShow()")
    assert phone.js("page.data.me") == {
        "card": {"displayName": "小梅"},
        "tier": {"name": "Basic"},
        "points": {"available": 100},
        "tierProgress": {"next": {"need": 900, "tier": {"name": "Silver"}}, "retain": None},
        "benefits": [],
    }
    await phone.run("await page.onRedeem()")
    assert phone.js("page.data['me.points.available']") == 40
    phone.set("language", "zh_CN")
    await phone.run("await page.onRedeem()")
    assert phone.js("page.data.message") == "积分不足。"


async def test_the_hook_for_taro_shows_a_member(phone: Phone, mei: UUID) -> None:
    phone.install("mjs", "wx", rewrite=as_commonjs)
    phone.engine.eval(
        "var states = [], shows = [];"
        "modules.react = { useState: (first) => {"
        "  const place = states.push(first) - 1; return [first, (next) => { states[place] = next; }]; } };"
        "modules['@tarojs/taro'] = Object.assign(Taro, { useDidShow: (task) => shows.push(task) });"
    )
    phone.define("useHome", as_commonjs(EXAMPLES["taro"]), "wx")

    await phone.run("require('useHome').useHome(); await shows[0]()")

    assert phone.js("states") == [{"card": {"displayName": "小梅"}, "points": {"available": 100}}, ""]
    assert phone.js("world.logins") == 1
    phone.set("code", None)
    phone.time_passes(days=31)
    await phone.run("await shows[0]()")
    assert phone.js("states")[1] == "WeChat could not log you in. Please try again."


async def test_the_component_for_uni_app_shows_a_member(phone: Phone, mei: UUID) -> None:
    phone.install("mjs", "wx", rewrite=as_commonjs)
    phone.engine.eval(
        "var refs = [], shows = [];"
        "modules.vue = { ref: (value) => { const made = { value }; refs.push(made); return made; } };"
        "modules['@dcloudio/uni-app'] = { onShow: (task) => shows.push(task) };"
    )
    phone.define("home.vue", as_commonjs(EXAMPLES["uni-app"]), "wx")

    await phone.run("await shows[0]()")

    assert phone.js("refs[0].value") == {"card": {"displayName": "小梅"}, "points": {"available": 100}}
    phone.weather = storm("", {"fail": "request:fail"})
    phone.set("language", "zh_CN")
    await phone.run("await shows[0]()")
    assert phone.js("refs[1].value") == "网络连接失败，请稍后重试。"


async def test_the_page_of_events_shows_what_happens(phone: Phone, mei: UUID) -> None:
    phone.engine.eval("var page; var Page = (told) => { page = told; }")
    phone.define("pages/points/points", EXAMPLES["events"])
    phone.engine.eval("page.setData = (change) => Object.assign(page.data, change); page.onShow()")
    await phone.until("page.data.available === 100")
    await buy(mei, 50_00)
    await phone.until("page.data.available === 150")
    await phone.passes(seconds=0)  # the other events of the purchase
    phone.engine.eval("page.onHide()")
    await phone.until("true")
    assert not phone.air.clients


@pytest.mark.parametrize("host", ["taro(Taro)", "uniApp(uni)"])
async def test_a_redemption_is_made_once_on_every_host(phone: Phone, mei: UUID, host: str) -> None:
    phone.define("elsewhere", (CLIENT / "index.js").read_text("utf-8"), "wx")
    phone.engine.eval(
        f"client = ((it) => it.createClient(Object.assign({{ url: '{URL}' }}, it.{host})))(require('elsewhere'))"
    )
    phone.weather = storm("Redeem", {"fail": "request:fail timeout"})
    assert (await phone.run(redeem(10)))["replayed"] is True
    first, second = phone.inputs("Redeem")
    assert first == second
    assert phone.js("Object.keys(world.stored).length") == 1


def test_the_made_files_are_current() -> None:
    for name, text in generate.files().items():
        assert (CLIENT / name).read_text("utf-8") == text, f"{name}: run python clients/miniprogram/generate.py"


def test_the_module_says_what_its_source_says() -> None:
    for name in generate.SOURCES:
        source = (CLIENT / name).read_text("utf-8")
        again = as_commonjs(generate.module(name, source)).partition("\n")[2].replace(".mjs')", "')")
        assert again == source.replace("'use strict';\n\n", "")
    with pytest.raises(ValueError, match=r"module\.exports"):
        generate.module("index.js", "exports.createClient = 1;")


def test_the_client_speaks_what_every_phone_understands() -> None:
    assert {path.name for path in CLIENT.glob("*.js")} == set(generate.SOURCES)
    for name in generate.SOURCES:
        source = (CLIENT / name).read_text("utf-8")
        assert [what for what, pattern in NEWER.items() if re.search(pattern, source)] == [], name
        assert len(source.splitlines()) <= 400


def test_the_types_of_a_schema() -> None:
    schema = build_schema(
        """
        "Who may ask." enum Audience { MEMBER STAFF }
        directive @auth(requires: [Audience!]!) on FIELD_DEFINITION
        directive @oneOf on INPUT_OBJECT
        "What may be asked."
        type Query {
          tea(first: Int = 20, by: By!): [Tea!] @auth(requires: [MEMBER])
          stock: Long! @auth(requires: [STAFF])
        }
        "A whole number." scalar Long
        input By @oneOf { id: ID name: String }
        input Wish { "How many." cups: Int! sugar: Boolean! = false note: String }
        enum Kind { "绿茶" GREEN BLACK }
        interface Drink { name: String! @deprecated(reason: "Ask for `kind`.") }
        type Tea implements Drink { name: String! kind: Kind! picked: [Kind]! }
        """
    )
    assert generate.types(schema) == TYPES


TYPES = """// Made by generate.py from schema/schema.graphql. Change that, then run generate.py again.

export type By =
  | { id: ID; name?: never }
  | { id?: never; name: string };

export interface Drink {
  __typename?: string;
  /** @deprecated Ask for `kind`. */
  name: string;
}

/** Every Drink: ask for `__typename` and switch on it. */
export type AnyDrink =
  | Tea;

/**
 * The `ID` scalar type represents a unique identifier, often used to refetch an object or as key for a cache. The
 * ID type appears in a JSON response as a String; however, it is not intended to be human-readable. When expected
 * as an input type, any string (such as `"4"`) or integer (such as `4`) input value will be accepted as an ID.
 */
export type ID = string;

export type Kind =
  /** 绿茶 */
  | 'GREEN'
  | 'BLACK';

/** A whole number. */
export type Long = number;

/** What may be asked. */
export interface Query {
  __typename?: 'Query';
  tea: Tea[] | null;
  /** Not for members, but for STAFF. */
  stock: Long;
}

/** Arguments of `Query.tea`. */
export interface QueryTeaArgs {
  first?: number | null;
  by: By;
}

export interface Tea {
  __typename?: 'Tea';
  name: string;
  kind: Kind;
  picked: (Kind | null)[];
}

export interface Wish {
  /** How many. */
  cups: number;
  sugar?: boolean;
  note?: string | null;
}
"""
