"""The demo: a tea house, its 2,000 members and a year of their purchases, the same for the same seed and day."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random  # noqa: TID251  the demo's own generator, which takes a seed
from typing import Any
from uuid import UUID

from tortoise.connection import get_connection

from api import friends
from api.friends import BROUGHT, House, Story
from api.opening import unlock
from api.outside import HASHER
from api.settings import DEMO_APPID, OPEN_PLATFORM, Settings
from api.simulator import person
from api.wares import GOODS, basket, somebody
from models import keystore
from models.credentials import PrincipalKind
from models.database import connected
from models.earning import EarnRuleKind
from models.engine import connection
from models.members import IdentityKind
from models.migrate import migrate
from models.purchases import PurchaseEventKind
from models.sql import SQL
from models.staff import StaffRole
from models.units import WHOLE, BasisPoints, Growth, Minor, Points, ReasonCode
from rules import (
    earning,
    gifts,
    jobs,
    keyring,
    keys,
    lifecycle,
    members,
    partners,
    points,
    policy,
    programme,
    purchases,
    staff,
    tiers,
)
from rules.actors import SYSTEM
from rules.credentials import log_in
from rules.earning import Caps, Choice, Rule, Weekday
from rules.idempotency import Key
from rules.keys import Bounds, Holder
from rules.members import Identity, Profile, identity
from rules.policy import Activation, ActivationMode, Transfer
from rules.programme import Rung, Terms
from rules.purchases import Happening, Order, OrderLine
from rules.referrals import Came
from rules.refusals import Refusal
from rules.schemes import Scheme, plain

SEED = 42
MEMBERS = 2_000
DAYS = 365
PASSWORD = "demo-pass"  # noqa: S105  the demo's, printed for everybody
TOKENS_FOR = timedelta(hours=24)
SOURCE = "demo-pos"
BAMBOO = "竹里书店 Bamboo Books"
FIRST_PHONE = 13_800_000_000

TERMS = Terms(
    name="松间茶社 Pine Tea House",
    currency="CNY",
    timezone="Asia/Shanghai",
    earn_points=1,
    earn_minor=100,
    expire_months=12,
    restore_grace_days=7,
    ladder=(
        Rung("BASIC", "普通会员", Growth(0), WHOLE, Points(2_000)),
        Rung("SILVER", "银卡会员", Growth(500), BasisPoints(11_000), Points(5_000)),
        Rung("GOLD", "金卡会员", Growth(1_500), BasisPoints(12_500), Points(20_000)),
        Rung("BLACK", "黑金会员", Growth(4_000), BasisPoints(15_000)),
    ),
    adjust_proof_above=Points(100),
    adjust_approval_above=Points(500),
)

RULES = (
    Rule(
        "TEA_TUESDAY",
        EarnRuleKind.BONUS_MULTIPLIER,
        "周二茶叶双倍积分",
        multiplier_bps=BasisPoints(20_000),
        weekdays=frozenset({Weekday.TUE}),
        categories=Choice(frozenset({"tea"})),
        caps=Caps(day=Points(300)),
    ),
    Rule(
        "WELCOME",
        EarnRuleKind.BONUS_POINTS,
        "首单礼",
        points=Points(50),
        first_order=True,
        min_eligible_minor=Minor(100_00),
        budget=Points(100_000),
    ),
    Rule("ALL", EarnRuleKind.CAPS, "每日上限", caps=Caps(day=Points(2_000))),
)
"""By what purchases earn beside the base and the tier."""

GIVES: dict[str, list[dict[str, Any]]] = {
    "BASIC": [{"kind": "BIRTHDAY_GIFT", "value": 10}],
    "SILVER": [{"kind": "UPGRADE_GIFT", "value": 50}, {"kind": "BIRTHDAY_GIFT", "value": 30}],
    "GOLD": [
        {"kind": "UPGRADE_GIFT", "value": 150},
        {"kind": "BIRTHDAY_GIFT", "value": 100},
        {"kind": "PERIODIC_COUPON", "value": 2, "code": "TEA_5"},
    ],
    "BLACK": [
        {"kind": "UPGRADE_GIFT", "value": 500},
        {"kind": "BIRTHDAY_GIFT", "value": 300},
        {"kind": "PERIODIC_COUPON", "value": 4, "code": "TEA_5"},
        {"kind": "EXCLUSIVE_ACCESS", "code": "TEA_ROOM", "per_month": 4},
    ],
}
"""What each tier gives beside its multiplier and its limit."""

SCHEME: dict[str, Any] = {
    "window": {"kind": "ROLLING", "days": 365},
    "downgrade_mode": "ONE_DOWN",
    "validity": {"n": 12, "unit": "MONTH", "round_to": "MONTH"},
    "grace_days": 30,
    "refund_correction_days": 30,
}
"""How tiers are won over a year, and kept by four fifths of what wins them."""

STORES = (("SH01", "上海静安店"), ("HZ01", "杭州西湖店"), ("CD01", "成都宽窄店"))
STAFF = (
    ("owner", StaffRole.OWNER),
    ("admin", StaffRole.ADMIN),
    ("service", StaffRole.CS),
    ("cashier", StaffRole.CASHIER),
    ("analyst", StaffRole.ANALYST),
)


@dataclass(frozen=True, slots=True)
class Sown:
    """What the demo holds."""

    members: int
    purchases: int
    refunds: int
    redemptions: int


async def is_empty(url: str) -> bool:
    """Whether a migrated database holds no programme yet."""
    async with connected(url, strict=False):
        try:
            await programme.terms()
        except programme.NoProgramme:
            return True
    return False


async def sow(found: Settings, now: datetime, progress: Callable[[int], None]) -> Sown:
    """Fill an empty database with the demo. On SQLite it appears whole or not at all."""
    if not (found.is_embedded and found.keys_url.startswith("sqlite")):
        async with connected(found.database_url, found.keys_url, strict=False):
            return await _sow(found, now, progress)
    # whole or not at all: a crash leaves only files aside, which the next start throws away, or keys without a
    # database, which it replaces
    targets = [Path(connection(url)["credentials"]["file_path"]) for url in (found.keys_url, found.database_url)]
    asides = [target.with_name(f"{target.name}.seeding") for target in targets]
    for left in (file for aside in asides for file in _files(aside)):
        left.unlink(missing_ok=True)
    keys_there, there = (f"sqlite://{aside}?durability=off&threads=off" for aside in asides)
    await migrate(there)
    await keystore.bring_up(keys_there)
    async with connected(there, keys_there):
        sown = await _sow(found, now, progress)
        for name in ("default", keystore.KEYS):
            await get_connection(name).execute_query_dict("PRAGMA wal_checkpoint(TRUNCATE)")
    for aside, target in zip(asides, targets, strict=True):
        _put(aside, target)
    return sown


def _put(aside: Path, target: Path) -> None:
    """A finished file in the place of an empty one."""
    for left in _files(target):
        left.unlink(missing_ok=True)
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    aside.replace(target)
    for left in aside.parent.glob(f"{aside.name}*"):
        with suppress(FileNotFoundError):
            left.unlink()


def _files(database: Path) -> list[Path]:
    return [database.with_name(database.name + end) for end in ("", "-wal", "-shm")]


async def _sow(found: Settings, now: datetime, progress: Callable[[int], None]) -> Sown:
    await unlock(found)
    start = now - timedelta(days=DAYS)
    await programme.set_up(TERMS, key_check=await keyring.binding(), now=start)
    await _hire(start)
    for rule in RULES:
        await earning.publish(rule, key=Key(f"{SOURCE}-rule-{rule.code}"), actor=SYSTEM, now=start)
    await tiers.publish(_scheme(), expected_version=0, key=Key(f"{SOURCE}-scheme"), actor=SYSTEM, now=start)
    await _decide(0, Activation(), start)
    chance = Random(SEED)  # noqa: S311  not a secret, a demo
    counts = {"purchases": 0, "refunds": 0, "redemptions": 0}
    for number in range(MEMBERS - BROUGHT):
        await _live(number, chance, start, now, counts)
        progress(number + 1)
    await friends.count(await BY_NAME.value("owner"), now)
    await gifts.celebrate_all(now)
    return Sown(MEMBERS, **counts)


def _scheme() -> dict[str, Any]:
    """The demo's scheme, over its ladder."""
    told = plain(Scheme(), TERMS.ladder) | SCHEME
    for level in told["levels"]:
        level["retain_threshold"] = level["threshold"] * 4 // 5
        level["benefits"] = [*level["benefits"], *GIVES[level["code"]]]
    return told


def _born(number: int, now: datetime) -> date:
    """The birthday of the demo's nth member; the first one's is in this month."""
    chance = Random(SEED + number)  # noqa: S311  not a secret, a demo
    month = TERMS.local_day(now).month if number == 0 else chance.randint(1, 12)
    return date(chance.randint(1960, 2005), month, chance.randint(1, 28))


async def _hire(at: datetime) -> None:
    """Stores, staff and a partner."""
    stores = [await staff.open_store(code, name) for code, name in STORES]
    secret = HASHER.hash(PASSWORD)
    for username, role in STAFF:
        store = stores[0] if role is StaffRole.CASHIER else None
        await staff.hire(username, secret, role, store_id=store, now=at)
    await partners.register(BAMBOO, actor=SYSTEM, now=at)


def categories_of(sku: str) -> tuple[str, ...]:
    """What the demo counts an article among."""
    return ("tea",) if sku.startswith("TEA") else ()


def identities_of(number: int) -> list[Identity]:
    """How the demo's nth member is known: by phone, by card, and the first of them by WeChat."""
    known = [
        identity(IdentityKind.PHONE, "", str(FIRST_PHONE + number), verified=True),
        identity(IdentityKind.CARD, "demo", f"PT{number:06}"),
    ]
    if number == 0:
        openid, unionid = person(DEMO_APPID, "xiaoyu"), person("union", DEMO_APPID, "xiaoyu")
        known.append(identity(IdentityKind.WECHAT_OPENID, DEMO_APPID, openid, verified=True))
        known.append(identity(IdentityKind.WECHAT_UNIONID, OPEN_PLATFORM, unionid, verified=True))
    return known


async def _decide(version: int, activation: Activation, at: datetime) -> None:
    """Put the next policy of points into force: members may give points to each other."""
    wanted = replace((await programme.terms()).policy, activation=activation, transfer=Transfer(enabled=True))
    key = Key(f"{SOURCE}-policy-{version}")
    await policy.publish(wanted, expected_version=version, key=key, actor=SYSTEM, now=at)


async def _befriend(member_id: UUID, now: datetime, counts: dict[str, int]) -> Story:
    """What happens around the first member: whom they and the poster brought, and points that wait a week."""

    async def join(number: int, name: str, came: Came, at: datetime) -> UUID:
        told = Profile(display_name=name, birthday=_born(number, now))
        return (await lifecycle.enroll(None, identities_of(number), told, came=came, actor=SYSTEM, now=at))[0]

    async def buy(whose: UUID, ref: str, at: datetime) -> None:
        await _order(whose, ref, GOODS[:1], at, STORES[0][0])
        counts["purchases"] += 1

    async def give_back(ref: str, at: datetime) -> None:
        await _refund(ref, ("1", Minor(GOODS[0][2])), at)
        counts["refunds"] += 1

    async def wait(at: datetime) -> None:
        await _decide(1, Activation(ActivationMode.AFTER_DAYS, days=7), at)
        await buy(member_id, "WAITS", at)
        await _decide(2, Activation(), at)

    story = Story()
    house = House(join, buy, give_back)
    ids = {"referrer_id": member_id, "partner_id": await PARTNER.value(BAMBOO)}
    await friends.plan(story, house, **ids, first=MEMBERS - BROUGHT, now=now)
    story.plan(now - timedelta(days=1), wait)
    return story


async def _live(number: int, chance: Random, start: datetime, now: datetime, counts: dict[str, int]) -> None:
    """One member's year."""
    name = "林小雨" if number == 0 else somebody(chance)
    visits = 12 if number == 0 else min(int(chance.expovariate(0.45)), 24)
    moments = sorted(start + (now - start) * chance.random() for _ in range(visits))
    joined = moments[0] if moments else start + (now - start) * chance.random()
    told = Profile(display_name=name, birthday=_born(number, now))
    member_id, _ = await lifecycle.enroll(None, identities_of(number), told, actor=SYSTEM, now=joined)
    story = await _befriend(member_id, now, counts) if number == 0 else Story()
    for place, moment in enumerate(moments):
        await story.until(moment)
        await _buy(member_id, f"D{number:04}-{place:02}", moment, now, chance, counts)
        if chance.random() < 0.08:  # noqa: PLR2004  one in twelve
            await _redeem(member_id, f"demo-{number:04}-{place:02}", moment + timedelta(minutes=5), chance, counts)
    await story.until(now)


async def _buy(
    member_id: UUID, ref: str, at: datetime, now: datetime, chance: Random, counts: dict[str, int]
) -> None:
    goods = basket(chance)
    await _order(member_id, ref, goods, at, chance.choice(STORES)[0])
    counts["purchases"] += 1
    back = at + timedelta(days=2)
    if chance.random() < 0.04 and back < now:  # noqa: PLR2004  one in twenty-five
        await _refund(ref, ("1", Minor(goods[0][2])), back)
        counts["refunds"] += 1


async def _order(
    member_id: UUID, ref: str, goods: Sequence[tuple[str, str, int]], at: datetime, store: str
) -> None:
    """Somebody pays an order, and is given what a new tier gives."""
    lines = tuple(
        OrderLine(str(place), 1, Minor(price), sku, name, categories_of(sku))
        for place, (sku, name, price) in enumerate(goods, start=1)
    )
    order = Order(SOURCE, ref, TERMS.currency, at, lines, channel=store)
    paid = Happening(PurchaseEventKind.PAID, "paid", at)
    done = await purchases.record(member_id, order, paid=paid, key=Key(f"{SOURCE}-{ref}"), actor=SYSTEM, now=at)
    while done.tier and (lease := await jobs.claim(tiers.GIFTS, now=at)):
        await gifts.give(lease.facts, at)
        await jobs.finish(lease, now=at)


async def _refund(ref: str, line: tuple[str, Minor], at: datetime) -> None:
    """A line of an order is given back."""
    refund = Happening(PurchaseEventKind.REFUNDED, "refund-1", at, (line,))
    await purchases.report(SOURCE, ref, refund, key=Key(f"{SOURCE}-{ref}-r"), actor=SYSTEM, now=at)


async def _redeem(member_id: UUID, key: str, at: datetime, chance: Random, counts: dict[str, int]) -> None:
    try:
        await points.redeem(
            member_id,
            Points(chance.choice((50, 100, 200))),
            reason=ReasonCode("REWARD_TEA"),
            key=Key(key),
            actor=SYSTEM,
            now=at,
        )
    except Refusal:
        return
    counts["redemptions"] += 1


BY_NAME = SQL("SELECT id FROM staff WHERE username = $1")
PARTNER = SQL("SELECT id FROM partner WHERE name = $1")


async def tokens(now: datetime) -> dict[str, str]:
    """Tokens of the demo's people for a day, by audience; empty where the database holds another programme."""
    found = await members.find(identities_of(0)[0])
    cashier, partner = await BY_NAME.value("cashier"), await PARTNER.value(BAMBOO)
    owner = await BY_NAME.value("owner")
    if not (found and cashier and owner and partner):
        return {}
    until = now + TOKENS_FOR
    made = {}
    for label, kind, who in (
        ("Member", PrincipalKind.MEMBER, found),
        ("Cashier", PrincipalKind.STAFF, cashier),
        ("Owner", PrincipalKind.STAFF, owner),
    ):
        made[label] = (await log_in(kind, who, actor=SYSTEM, now=now, access_for=TOKENS_FOR)).access
    for label, holder in (("Partner", Holder.partner(partner)), ("Service", Holder.service(SOURCE))):
        bounds = Bounds(expires_at=until)
        # they are made at each start, and the last ones may still live
        issued = await keys.issue(
            holder, name="demo", environment="dev", bounds=bounds, counted=False, actor=SYSTEM, now=now
        )
        made[label] = issued.secret
    return made
