"""The WeChat simulator: WeChat's login and phone calls on the wire, with no account and no network.

Mounted at `/_wechat` in development only. The code `demo:alice` logs Alice in, always as the same person;
`demo:blocked` is turned away; `phone:13800138000` is that phone number. `POST /__dev/login?as=alice` makes a
code like WeChat's own: good once, for five minutes. Pay has its place here and comes with its own issue.
"""

import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.routing import Route

from api.simulator._calls import CALLS, endpoint_of
from api.simulator._knobs import faults, knob, login, page, phone, recorded
from api.simulator._world import World, person

__all__ = ["person", "simulator"]


def simulator(
    appid: str,
    secret: str,
    *,
    open_platform: bool = True,
    tick: Callable[[], float] = time.monotonic,
    wall: Callable[[], float] = time.time,  # noqa: TID251  WeChat's own clock, which is not ours
) -> Starlette:
    """A WeChat with one mini-program. Without an Open Platform account it gives no unionids."""
    world = World(appid=appid, secret=secret, open_platform=open_platform, tick=tick, wall=wall)
    wire = [Route(call.path, endpoint_of(world, call), methods=["GET", "POST"]) for call in CALLS]
    knobs = [
        Route("/", page),
        Route("/__dev/login", knob(world, login), methods=["POST"]),
        Route("/__dev/phone", knob(world, phone), methods=["POST"]),
        Route("/__dev/faults", knob(world, faults), methods=["GET", "POST", "DELETE"]),
        Route("/__dev/calls", knob(world, recorded)),
    ]
    return Starlette(routes=[*wire, *knobs])
