"""docs/webhooks.md says what is so: its types, its body and its verification are those of the house."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rules import webhooks
from rules.webhooks import FOR_PARTNERS, TEST, WAITS, Secret
from schema.events import MemberEventType
from tests.people import NOON, programme
from tests.receiver import receiving
from tests.stories.carrying import add, rounds, trade

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text("utf-8")
SECRET = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


def told_by_the_page() -> dict[str, Any]:
    [example] = re.findall(r"```http\n.*?\n\n(.*?)```", PAGE, re.DOTALL)
    found: dict[str, Any] = json.loads(example)
    return found


async def test_the_page_shows_a_body_as_it_is_sent() -> None:
    await programme()
    async with receiving() as receiver, rounds() as going:
        await add(receiver, "POINTS_MOVED")
        await trade()
        await going.once()
    sent = [json.loads(call.body) for call in receiver.taken]
    [body] = [each for each in sent if each["data"]["entries"][0]["kind"] == "REDEEM"]
    page = told_by_the_page()
    assert list(body) == list(page)
    assert list(body["data"]) == list(page["data"])
    assert list(body["data"]["entries"][0]) == list(page["data"]["entries"][0])
    assert body["timestamp"] == page["timestamp"]
    headers = {name for name in receiver.taken[0].headers if name.startswith(("webhook-", "content-type"))}
    assert headers == {"content-type", "webhook-id", "webhook-timestamp", "webhook-signature"}
    assert all(f"\n{name}: " in PAGE for name in headers)


def test_the_page_names_every_type() -> None:
    table = "".join(re.findall(r"^\| `.*$", PAGE, re.MULTILINE))
    assert set(re.findall(r"`([A-Z_]+)`", table)) == {*MemberEventType.__members__, *FOR_PARTNERS, TEST}


def test_the_page_tells_the_waits() -> None:
    said = re.search(r"tried again after (.*?),\s*each", PAGE, re.DOTALL)
    assert said
    units = {"s": timedelta(seconds=1), "min": timedelta(minutes=1), "h": timedelta(hours=1)}
    assert [int(n) * units[unit] for n, unit in re.findall(r"(\d+) (s|min|h)", said[1])] == list(WAITS)


def test_the_pages_verification_believes_what_is_genuine_and_nothing_else() -> None:
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    made: dict[str, Any] = {}
    exec(code, made)
    is_genuine: Callable[[str, dict[str, str], bytes], bool] = made["is_genuine"]
    now = datetime.now(UTC)  # noqa: TID251  the page compares with the real clock
    other = Secret("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX")
    body = b'{"type": "WEBHOOK_TEST"}'
    sent = webhooks.headers("evt_1", body, [other, SECRET], now)
    assert is_genuine(SECRET.text, sent, body)
    assert is_genuine(other.text, sent, body)
    assert not is_genuine(SECRET.text, sent, body + b" ")
    assert not is_genuine(SECRET.text, {**sent, "webhook-id": "evt_2"}, body)
    assert not is_genuine(SECRET.text, webhooks.headers("evt_1", body, [other], now), body)
    assert not is_genuine(SECRET.text, webhooks.headers("evt_1", body, [SECRET], NOON), body)


def test_a_signature_is_the_one_of_the_schemes_own_documentation() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    sent = webhooks.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', [SECRET], at)
    assert sent["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
