"""Differential: whatever may be asked is answered compiled as graphql-core answers it.

The suite runs every operation by both executors; here are documents for it that nobody wrote, over the whole
schema. `pytest tests/schema/test_differential.py --hypothesis-profile long` composes 20,000 of them.
"""

from datetime import timedelta
from random import Random  # noqa: TID251  hypothesis draws its seed

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.fuzz import Pool, Writer
from models.credentials import PrincipalKind
from models.staff import StaffRole
from rules import credentials, staff
from rules.actors import SYSTEM, Principal
from schema.root import schema
from tests.people import DAY, NOON, adjust, buy, member, programme, redeem, refund
from tests.schema.asking import PARTNER, SERVICE, as_member, as_staff, ask, member_id
from tests.schema.composing import Composed, Composer
from tests.schema.matrix import Step

pytestmark = pytest.mark.twice
SERVED = schema._schema
MISTAKES = {"BAD_USER_INPUT", "FORBIDDEN", "OPERATION_TOO_COMPLEX", "GRAPHQL_VALIDATION_FAILED"}
"""What a composed operation may deserve: its arguments are now and then what nobody should send."""

Callers = dict[str, Principal | None]
LONG = settings.default.max_examples > 1_000  # type: ignore[union-attr]
EXAMPLES = settings(
    max_examples=10_000 if LONG else 40,
    deadline=None,
    derandomize=True,
    # a failing document is short, and says by itself what is wrong
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class World:
    """Two members with purchases and points, the staff, and what answers told of them."""

    def __init__(self, callers: Callers) -> None:
        self.callers = callers
        self.pool = Pool()

    async def ask(self, composed: Composed, role: str) -> None:
        """Ask as somebody; the suite compares what both executors say."""
        answer = await ask(composed.source, composed.variables, who=self.callers[role], at=NOON + DAY)
        faults = set(answer.codes) - MISTAKES
        assert not faults, (faults, composed.source, composed.variables)
        self.pool.learn(answer.data)


@pytest.fixture
async def world() -> World:
    """A small programme with something of everything."""
    await programme(expire_months=12)
    people = [await member(name, at=NOON - DAY * place) for place, name in enumerate(("Mei", "Lan", "Bo"))]
    for number, who in enumerate(people[:2]):
        await buy(who, 100_00, 50_00, ref=f"tea-{number}")
        await buy(who, 20_00)
        await redeem(who, 30)
        await adjust(who, 500)
    await refund("tea-0", {"B": 50_00})
    lake = await staff.open_store("LAKE", "By the lake")
    callers: Callers = {"PUBLIC": None, "MEMBER": as_member(people[0]), "SERVICE": SERVICE, "PARTNER": PARTNER}
    for role in (StaffRole.OWNER, StaffRole.CS, StaffRole.CASHIER, StaffRole.ANALYST):
        store = lake if role is StaffRole.CASHIER else None
        who = await staff.hire(role.lower(), "hash", role, store_id=store, now=NOON)
        await credentials.log_in(PrincipalKind.STAFF, who, actor=SYSTEM, now=NOON)
        callers[role] = as_staff(role, staff_id=who, store_id=store, proven_until=NOON + DAY + timedelta(minutes=5))
    found = World(callers)
    for who in people:
        known = await ask(FOUND, {"id": member_id(who)}, who=callers["OWNER"])
        found.pool.learn(known.data)
    return found


FOUND = """query($id: ID!) { member(by: {id: $id}) { __typename id
  purchases(first: 5) { nodes { __typename id } pageInfo { endCursor } }
  points { entries(first: 5) { nodes { __typename id } pageInfo { endCursor } } } } }"""


def composed(chance: Random, world: World, root: str) -> tuple[Composed, str]:
    """An operation, and a role that may ask for it."""
    roles = [role for role in world.callers if any(Step(root, name, "").is_for(role) for name in FIELDS[root])]
    role = chance.choice(roles)
    writer = Writer(role, world.pool, chance)
    writer.poison = chance.choice((0.0, 0.0, 0.0, 0.1))
    composer = Composer(SERVED, chance, writer.value, lambda kind, name: Step(kind, name, "").is_for(role))
    return composer.operation(root), role


FIELDS = {root: list(SERVED.type_map[root].fields) for root in ("Query", "Mutation")}  # type: ignore[attr-defined]


@EXAMPLES
@given(seed=st.integers(0, 2**64))
async def test_every_query_is_answered_alike_by_both_executors(world: World, seed: int) -> None:
    await world.ask(*composed(Random(seed), world, "Query"))


@EXAMPLES
@given(seed=st.integers(0, 2**64))
async def test_every_mutation_is_answered_alike_by_both_executors(world: World, seed: int) -> None:
    await world.ask(*composed(Random(seed), world, "Mutation"))
