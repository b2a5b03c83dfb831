"""Staff for the benchmarks: hires people who may do everything, and prints their tokens as JSON."""

import asyncio
import sys

import orjson

from api.clock import now
from api.opening import opened
from api.settings import settings
from models.credentials import PrincipalKind
from models.staff import StaffRole
from rules import credentials
from rules.actors import SYSTEM


async def tokens(usernames: list[str]) -> dict[str, str]:
    """An access token for each person, hired now."""
    made = {}
    async with opened(settings()):
        for username in usernames:
            who = await credentials.hire(username, "no password", StaffRole.OWNER, now=now())
            made[username] = (await credentials.log_in(PrincipalKind.STAFF, who, actor=SYSTEM, now=now())).access
    return made


if __name__ == "__main__":
    sys.stdout.write(orjson.dumps(asyncio.run(tokens(sys.argv[1:]))).decode())
