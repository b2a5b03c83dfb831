"""Publishing: a new version of the policy comes into force at once, and every version is kept."""

from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from models.programme import PointsPolicyVersion
from models.sql import SQL
from models.writing import add
from rules import audit
from rules.actors import Actor
from rules.idempotency import NOBODYS, Key, Slip
from rules.policy._policy import PointsPolicy, check, parsed, plain
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction


@dataclass(eq=False)
class PointsPolicyChanged(Refusal):
    """Somebody else has published a policy meanwhile."""

    zh = "积分策略已被他人更新。"
    field = ("expectedVersion",)
    version: int


@dataclass(frozen=True, slots=True)
class Published:
    """A version of the policy, and since when it is or was in force; None for how it was before any."""

    policy: PointsPolicy
    published_at: datetime | None = None


HOLD = SQL("SELECT COALESCE(points_policy_version, 0) AS version FROM programme WHERE one = 1 FOR UPDATE")
COME_INTO_FORCE = SQL("UPDATE programme SET points_policy_version = $1, points_policy = $2 WHERE one = 1")


@transaction
async def publish(
    wanted: PointsPolicy, *, expected_version: int, key: Key, actor: Actor, now: datetime
) -> PointsPolicy:
    """Put a policy into force, as the version after the one that is. What was issued before keeps to its own.

    Raises: NotFound, IdempotencyKeyReused, PointsPolicyInvalid, PointsPolicyChanged.
    """
    in_force = await HOLD.value()
    if in_force is None:
        raise NotFound
    facts = (plain(replace(wanted, version=0)), expected_version)
    slip = Slip(NOBODYS, actor, key, "policy.publish", facts)
    if (earlier := await slip.recall()) is not None:
        return (await of_version(earlier["version"])).policy
    if expected_version != in_force:
        raise PointsPolicyChanged(in_force)
    check(wanted)
    made = replace(wanted, version=in_force + 1)
    body = orjson.dumps(plain(made)).decode()
    add(PointsPolicyVersion, [{"version": made.version, "policy": body, "published_at": now}])
    await COME_INTO_FORCE.run(made.version, body)
    await audit.note(actor, "policy.publish", facts={"version": made.version}, now=now)
    await slip.keep({"version": made.version}, now)
    return made


OF_VERSION = SQL("SELECT policy, published_at FROM points_policy WHERE version = $1")


async def of_version(version: int) -> Published:
    """A version of the policy that was published.

    Raises: NotFound.
    """
    row = await OF_VERSION.row(version)
    if row is None:
        raise NotFound
    return Published(parsed(row["policy"]), row["published_at"])
