"""The knobs of the simulator, and the page they are on: codes, phone numbers, faults, the last calls."""

import secrets
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.simulator._calls import CALLS, json_object
from api.simulator._world import NAME_MAX, Answer, Fault, RefusalError, World, mint, number_of

TIMES_MAX = 100  # of a fault
DELAY_SECONDS_MAX = 60
LOWEST_FAULT_STATUS, HIGHEST_FAULT_STATUS = 400, 599


def knob(
    world: World, turn: Callable[[World, Request], Awaitable[Answer]]
) -> Callable[[Request], Awaitable[Response]]:
    """Where a knob is turned; what it cannot be turned to is a 400, in words."""

    async def endpoint(request: Request) -> Response:
        try:
            return _told(await turn(world, request))
        except (ValueError, RefusalError) as wrong:
            words = "send a JSON object" if isinstance(wrong, RefusalError) else str(wrong)
            return _told({"message": words}, 400)

    return endpoint


def _told(answer: Answer, status: int = 200) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(orjson.dumps(answer), status, headers, media_type="application/json")


async def login(world: World, request: Request) -> Answer:
    """A code that logs somebody in."""
    name = request.query_params.get("as", "").strip()
    if not 0 < len(name) <= NAME_MAX:
        raise ValueError(f"as: a name of 1 to {NAME_MAX} characters")
    return mint(world, f"demo:{name}")


async def phone(world: World, request: Request) -> Answer:
    """A code that is a phone number."""
    number = request.query_params.get("number", "").strip()
    if len(number) > NAME_MAX or number_of(number) is None:
        raise ValueError("number: a phone number, for example 13800138000 or +85251234567")
    return mint(world, f"phone:{number}")


async def faults(world: World, request: Request) -> Answer:
    """The faults that wait for their calls: seen, added to, or cleared."""
    if request.method == "POST":
        wanted = {name: _fault(name, wish) for name, wish in (await json_object(request)).items()}
        world.faults.update(wanted)
    if request.method == "DELETE":
        world.faults.clear()
    return {name: fault.shown() for name, fault in world.faults.items()}


def _fault(name: str, wish: object) -> Fault:
    if name not in {call.name for call in CALLS}:
        raise ValueError(f"{name}: no such call; there are {', '.join(call.name for call in CALLS)}")
    if not isinstance(wish, dict) or wish.keys() - {"errcode", "status", "delay_seconds", "times"}:
        raise ValueError(f"{name}: an object of errcode, status, delay_seconds and times")
    times, errcode, status = wish.get("times", 1), wish.get("errcode"), wish.get("status")
    delay = wish.get("delay_seconds", 0)
    if not isinstance(times, int) or not 1 <= times <= TIMES_MAX:
        raise ValueError(f"times: 1 to {TIMES_MAX}")
    if errcode is not None and not isinstance(errcode, int):
        raise ValueError("errcode: one of WeChat's numbers")
    if status is not None and status not in range(LOWEST_FAULT_STATUS, HIGHEST_FAULT_STATUS + 1):
        raise ValueError(f"status: {LOWEST_FAULT_STATUS} to {HIGHEST_FAULT_STATUS}")
    if not isinstance(delay, (int, float)) or not 0 <= delay <= DELAY_SECONDS_MAX:
        raise ValueError(f"delay_seconds: 0 to {DELAY_SECONDS_MAX}")
    return Fault(times=times, errcode=errcode, status=status, delay_seconds=float(delay))


async def recorded(world: World, request: Request) -> Answer:  # noqa: ARG001  a knob has this shape
    """The last calls, newest first."""
    return {"calls": list(reversed(world.calls))}


@cache
def _page_text() -> str:
    return (Path(__file__).parents[1] / "static" / "simulator.html").read_text(encoding="utf-8")


def page(request: Request) -> Response:  # noqa: ARG001  Starlette's shape
    """The page with all the knobs."""
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {"content-security-policy": policy, "cache-control": "no-store"}
    return HTMLResponse(_page_text().replace("{nonce}", nonce), headers=headers)
