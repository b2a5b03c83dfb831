"""Cost over HTTP: every answer tells it, and who asks for too much at once is told how long to wait."""

import httpx2
import pytest
from starlette.applications import Starlette

from api.allowance import Allowance
from api.settings import SettingError, settings
from models.credentials import PrincipalKind
from rules import credentials
from rules.actors import SYSTEM
from rules.rates import RATES, Rate
from tests.api.house import GRAPHQL, JSON, Caller, endpoint_of
from tests.people import NOON, member, programme

HOME = "{ me { points { entries(first: 10) { nodes { points } } } } }"


@pytest.fixture
def _counted(in_development: Starlette, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network's strangers have 500 points, a member 1,000, and no time passes."""
    table = {**RATES, "NOBODY": Rate(500, 25), "MEMBER": Rate(1_000, 50)}
    monkeypatch.setattr(endpoint_of(in_development), "allowance", Allowance(table, lambda: 0.0))


async def as_mei() -> str:
    await programme()
    mei = await member("Mei")
    return (await credentials.log_in(PrincipalKind.MEMBER, mei, actor=SYSTEM, now=NOON)).access


async def test_every_answer_tells_what_it_cost_and_what_is_left(caller: Caller) -> None:
    reply = await caller.ask(HOME, token=await as_mei())
    assert reply.body["extensions"]["cost"] == {
        "requested": 13,
        "actual": 3,
        "available": 997,
        "maximum": 1_000,
        "restorePerSecond": 50,
    }


REFUSED = ("{", "{ nothing }", "{ members { nodes { id } } }", f"{{ {'nothing ' * 400} }}")


@pytest.mark.usefixtures("_counted")
async def test_what_was_not_run_costs_its_examination(caller: Caller) -> None:
    token = await as_mei()
    for document in REFUSED:
        reply = await caller.ask(document, token=token)
        assert reply.codes
        assert "extensions" not in reply.body
    cost = (await caller.ask("{ __typename }", token=token)).body["extensions"]["cost"]
    assert cost["available"] == 1_000 - 3 - (1 + 3_204 // 250) - 1
    assert (cost["requested"], cost["actual"]) == (1, 1)


@pytest.mark.usefixtures("_counted")
async def test_nothing_is_examined_for_who_has_used_up_what_they_may_ask(caller: Caller) -> None:
    """A network's 500 points are worth 38 of these texts."""
    await programme()
    noise = [f"{{ {'nothing ' * 400} x{number} }}" for number in range(50)]
    codes = [(await caller.ask(each)).codes[0] for each in noise]
    assert codes[:35] == ["OPERATION_TOO_COMPLEX"] * 35
    assert codes[40:] == ["RATE_LIMITED"] * 10
    reply = await caller.ask(noise[-1])
    assert (reply.status, reply.headers["retry-after"]) == (429, "1")


@pytest.mark.usefixtures("_counted")
async def test_a_document_that_is_known_and_run_costs_no_more_than_it_did(caller: Caller) -> None:
    token = await as_mei()
    fresh = f"{HOME} # fresh"
    costs = [(await caller.ask(fresh, token=token)).body["extensions"]["cost"] for _ in range(2)]
    assert [each["requested"] for each in costs] == [13, 13]
    assert [each["available"] for each in costs] == [997, 994]


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
async def test_who_asks_too_much_at_once_is_told_how_long_to_wait(
    caller: Caller, in_development: Starlette, monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    token = await as_mei()
    small = Allowance({**RATES, "MEMBER": Rate(20, 2)}, lambda: 0.0)
    monkeypatch.setattr(endpoint_of(in_development), "allowance", small)
    for _ in range(3):
        assert (await caller.ask(HOME, token=token, accept=accept)).status == 200
    reply = await caller.ask(HOME, token=token, accept=accept)
    assert (reply.status, reply.codes, reply.media) == (429, ["RATE_LIMITED"], accept)
    assert reply.headers["retry-after"] == "1"
    assert "data" not in reply.body
    [error] = reply.body["errors"]
    assert error["extensions"]["retryAfterSeconds"] == 1
    assert error["extensions"]["retryable"] is True
    assert (await caller.ask(HOME, accept=accept)).codes == ["UNAUTHENTICATED"], "others go on"


async def test_more_than_an_allowance_can_ever_hold_is_too_complex_rather_than_too_early(
    caller: Caller, in_development: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await as_mei()
    monkeypatch.setattr(endpoint_of(in_development), "allowance", Allowance({**RATES, "MEMBER": Rate(10, 1)}))
    reply = await caller.ask(HOME, token=token)
    assert reply.codes == ["OPERATION_TOO_COMPLEX"]
    assert "13 points, and 10 are allowed" in reply.text


LOGIN = 'a{}: memberLogin(input: {{code: "nobody-has-this"}}) {{ userErrors {{ code }} }}'


@pytest.mark.usefixtures("_counted")
async def test_a_hundred_aliases_of_a_login_count_as_a_hundred_logins(caller: Caller) -> None:
    """Ten operations of ten aliases each: 11 points an alias, of the 500 a network has."""
    await programme()
    many = "mutation { " + " ".join(LOGIN.format(number) for number in range(10)) + " }"
    replies = [await caller.ask(many) for _ in range(10)]
    done = [reply for reply in replies if reply.status == 200]
    assert [reply.body["extensions"]["cost"]["requested"] for reply in done] == [110] * 4
    assert {code for reply in replies[4:] for code in reply.codes} == {"RATE_LIMITED"}


@pytest.mark.usefixtures("_counted")
async def test_strangers_of_another_network_are_not_held_up(in_development: Starlette, caller: Caller) -> None:
    await programme()
    many = "mutation { " + " ".join(LOGIN.format(number) for number in range(15)) + " }"
    while (await caller.ask(many)).status == 200:
        pass
    transport = httpx2.ASGITransport(app=in_development, client=("203.0.113.77", 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://house") as elsewhere:
        assert (await elsewhere.post("/graphql", json={"query": many})).status_code == 200


def test_allowances_are_settings() -> None:
    assert settings({}).allowances == RATES
    assert settings({"LOYALTY_ALLOWANCES": "off"}).allowances is None
    given = settings({"LOYALTY_ALLOWANCES": "service=50000/2000, NOBODY=2000/100"}).allowances
    assert given == {**RATES, "SERVICE": Rate(50_000, 2_000), "NOBODY": Rate(2_000, 100)}
    for wrong in ("service", "service=0/1", "king=1/1", "service=1/1;nobody=1/1", "member=-1/5"):
        with pytest.raises(SettingError, match="LOYALTY_ALLOWANCES"):
            settings({"LOYALTY_ALLOWANCES": wrong})
