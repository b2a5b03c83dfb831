"""Poison: every input of every mutation is sent what nobody should send, and nothing breaks on our side."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.credentials import PrincipalKind
from models.earning import EarnRuleKind
from models.members import IdentityKind
from models.sql import SQL
from models.staff import StaffRole
from models.units import ReasonCode
from rules import approvals, credentials, keys, lifecycle, members, staff, webhooks
from rules.actors import SYSTEM, Actor, ActorKind, Principal
from rules.documents import digest
from rules.keys import Holder
from rules.points import Adjustment
from rules.webhooks import Wish
from schema import ids, scalars
from schema.ids import Tag
from schema.root import schema
from tests.keeping import kept
from tests.people import NOON, adjust, buy, freeze, fresh_key, member, programme, rule, set_aside
from tests.poison import POISON, poisoned
from tests.schema import partnering, recommending, tiering
from tests.schema.asking import (
    CASHIER,
    CLERK,
    OWNER,
    SERVICE,
    as_member,
    as_staff,
    ask,
    entry_id,
    hold_id,
    member_id,
    purchase_id,
)
from tests.schema.living import living
from tests.schema.poisoning import is_told, kinds_of, spoiled

TYPENAME = "{ __typename }"
LOT = SQL("SELECT id FROM points_lot WHERE member_id = $1 LIMIT 1")
ENTRY = SQL("SELECT id FROM points_entry WHERE member_id = $1 LIMIT 1")


async def approving(who: UUID) -> dict[str, tuple[Principal | None, dict[str, Any]]]:
    """The same of the mutations by which two of the staff approve something."""
    ann, bo = [await staff.hire(name, "hash", StaffRole.ADMIN, now=NOON) for name in ("ann", "bo")]
    wanted, asking = Adjustment(1, ReasonCode("TEA")), Actor(ActorKind.STAFF, str(ann))
    made = await approvals.request(who, wanted, key=fresh_key(), actor=asking, now=NOON)
    asked = {"approvalId": ids.encode(ids.Tag.APPROVAL, who, made.approval_id)}
    lead = as_staff(StaffRole.ADMIN, staff_id=bo, proven_until=NOON + timedelta(minutes=5))
    adjusted = {"memberId": member_id(who), "delta": 1, "reason": "TEA", "note": "a note"}
    key = {"idempotencyKey": "poisoned-1"}
    return {
        "approvalRequest": (CLERK, {"subject": {"pointsAdjust": adjusted}, **key}),
        "approvalApprove": (lead, {**asked, **key}),
        "memberReveal": (lead, {"memberId": member_id(who), "kind": "PHONE", "reason": "CALL_BACK"}),
        "approvalReject": (lead, {**asked, "reason": "NO_EVIDENCE"}),
        "approvalWithdraw": (as_staff(StaffRole.ADMIN, staff_id=ann), asked),
    }


async def logging_in(who: UUID) -> dict[str, tuple[Principal | None, dict[str, Any]]]:
    """The same of the mutations by which members come and go."""
    login = (await credentials.log_in(PrincipalKind.MEMBER, who, actor=SYSTEM, now=NOON)).login
    openid = members.identity(IdentityKind.WECHAT_OPENID, "wxdemo", "o-lan", verified=True)
    without_phone, _ = await lifecycle.enter([openid], actor=SYSTEM, now=NOON)
    return {
        "loginEnd": (as_member(who), {"loginId": ids.encode(Tag.LOGIN, login)}),
        "loginsEnd": (CLERK, {"memberId": member_id(who), "reason": "PHONE_LOST"}),
        "memberCodeRead": (CASHIER, {"code": "771234567890123457"}),
        "memberLogin": (None, {"code": "demo:mei", "device": "iPhone 15", "phoneCode": "phone:1"}),
        **await living(who),
        "memberPhoneLink": (as_member(without_phone), {"phoneCode": "phone:13800138000"}),
        "tokenRefresh": (None, {"refreshToken": "lyr_token"}),
        "tokenRevoke": (None, {"token": "lya_token"}),
    }


async def of_the_staff() -> dict[str, tuple[Principal | None, dict[str, Any]]]:
    """The same for how staff come in and are kept out."""
    await staff.open_store("LAKE", "By the lake")
    who = await staff.hire("wang", "a hash", StaffRole.CS, now=NOON)
    token = (await staff.invite("wang", None, actor=SYSTEM, now=NOON)).token
    wang = {"staffId": ids.encode(Tag.STAFF, who)}
    boss = replace(OWNER, proven_until=NOON + timedelta(days=1))
    password = "four cups of oolong"
    return {
        "staffLogin": (None, {"username": "wang", "password": "a password", "totp": "123456", "device": "till 2"}),
        "staffActivate": (None, {"token": token, "password": password, "totp": "123456"}),
        "staffProve": (CLERK, {"totp": "123456", "password": "a password"}),
        "staffPasswordChange": (CLERK, {"oldPassword": "a password", "password": password}),
        "staffLogout": (CLERK, {"everywhere": False}),
        "staffInvite": (boss, {"username": "li", "role": "CASHIER", "storeCode": "LAKE", "hours": 24}),
        "staffClose": (boss, wang),
        "staffReopen": (boss, wang),
        "staffRoleChange": (boss, {**wang, "role": "CASHIER", "storeCode": "LAKE"}),
        "staffMemberSet": (boss, {**wang, "memberId": member_id(await member("Wang"))}),
    }


PAID_BY = {"payer": "an openid", "address": "a road"}


@kept
async def good() -> dict[str, tuple[Principal | None, dict[str, Any]]]:
    """Who may send each mutation, and what they could well send."""
    await programme()
    who = await member("Mei")
    await adjust(who, 1_000)
    mei, key = member_id(who), {"idempotencyKey": "poisoned-1"}
    phone = {"kind": "PHONE", "namespace": "", "value": "+8613800001234", "verified": True}
    line = {"lineRef": "A", "quantity": 1, "paidMinor": 100, "sku": "S", "name": "N"}
    event = {"orderRef": "tea-1", "eventRef": "e-1", "occurredAt": NOON.isoformat(), **key}
    moved = {"points": 1, "reason": "TEA", "note": "a note", **key}
    profile = {"displayName": "Mei", "avatarUrl": "https://img.example/m.png", "birthday": "2000-01-01"}
    came = {"code": "r=ABCDEFGH23", "device": "a device"}
    times = {"orderedAt": NOON.isoformat(), "paidAt": NOON.isoformat()}
    amounts = {"lines": [line], "shippingMinor": 0, "paidByPointsMinor": 0, "currency": "CNY"}
    order = {"memberId": mei, "orderRef": "tea-1", "channel": "web", **PAID_BY, **times, **amounts, **key}
    adjusted = {"memberId": mei, "delta": 1, "expectedAvailable": 0, "reason": "TEA", "note": "a note", **key}
    return {
        "memberIdentify": (SERVICE, {"identities": [phone], "allowCreate": True}),
        "memberEnroll": (CLERK, {"identities": [phone], "profile": profile, "referral": came}),
        "memberProfileUpdate": (as_member(who), {"profile": profile}),
        **await of_the_staff(),
        "purchaseRecord": (SERVICE, order),
        "purchaseEvent": (SERVICE, {**event, "kind": "PAID"}),
        "purchaseRefund": (SERVICE, {**event, "lines": [{"lineRef": "A", "refundMinor": 1}]}),
        "pointsRedeem": (CASHIER, {**moved, "memberId": mei, "purchaseId": purchase_id(who, uuid4())}),
        "pointsReturn": (CASHIER, {**moved, "entryId": entry_id(who, await ENTRY.value(who))}),
        **await _holding(who),
        "pointsAdjust": (CLERK, adjusted),
        **await approving(who),
        **await logging_in(who),
        "documentRegister": (OWNER, {"documents": [{"source": TYPENAME, "name": "N", "sha256": digest(TYPENAME)}]}),
        "documentWithdraw": (OWNER, {"sha256": digest(TYPENAME)}),
        **_of_the_policy(),
        **await _of_earning(),
        **await _of_keys(),
        **await _of_webhooks(),
        **await recommending.good(),
        **await partnering.good(),
        **await tiering.good(who),
    }


async def _of_webhooks() -> dict[str, tuple[Principal | None, dict[str, Any]]]:
    hook = {"url": "https://shop.example/hook", "description": "the shop", "eventTypes": ["POINTS_MOVED"]}
    wish = Wish("https://bank.example/hook")
    added = await webhooks.add(wish, key=fresh_key(), actor=SYSTEM, now=NOON)
    which = ids.encode(Tag.WEBHOOK_ENDPOINT, added.endpoint_id)
    many = {"endpointId": which, "since": NOON.isoformat(), "undeliveredOnly": True}
    return {
        "webhookEndpointCreate": (OWNER, {**hook, "idempotencyKey": "poisoned-1"}),
        "webhookEndpointUpdate": (OWNER, {**hook, "id": which, "enabled": True}),
        "webhookEndpointDelete": (OWNER, {"id": which}),
        "webhookSecretRotate": (OWNER, {"id": which, "overlapHours": 1}),
        "webhookTest": (OWNER, {"id": which}),
        "webhookReplay": (OWNER, {"all": many}),
    }


def _of_the_policy() -> dict[str, tuple[Principal | None, dict[str, Any]]]:
    wanted = {
        "expectedVersion": 0,
        "activation": {"mode": "ON_COMPLETION", "afterDays": 7},
        "expiry": {"mode": "CALENDAR", "dates": ["12-31"], "minDays": 90},
        "restoreGraceDays": 7,
        "releaseGraceDays": 1,
        "clawBack": {"policy": "DEBT", "maxDebt": 1_000},
        "warningDays": [30, 7, 1],
        "transfer": {"enabled": True, "minMemberDays": 30, "perDayCount": 3, "perDayPoints": 100},
        "payment": {"points": 100, "minor": 100, "maxShareBps": 5_000, "unit": 10},
        "optOutCoolingDays": 30,
        "erasureCoolingDays": 7,
        "idempotencyKey": "poisoned-1",
    }
    return {"pointsPolicyPublish": (OWNER, wanted)}


async def _of_earning() -> dict[str, tuple[Principal | None, dict[str, Any]]]:
    """The same of the rules by which purchases earn, one of which is in force."""
    await rule("TEN", EarnRuleKind.BONUS_POINTS)
    some = {"include": ["BASIC"], "exclude": ["GOLD"]}
    words = {"include": ["tea"], "exclude": ["cups"]}
    wanted = {
        "code": "DOUBLE",
        "kind": "BONUS_MULTIPLIER",
        "name": "Double points",
        "multiplier": 20_000,
        "priority": 1,
        "exclusiveGroup": "TUESDAYS",
        "startsAt": NOON.isoformat(),
        "endsAt": (NOON + timedelta(days=1)).isoformat(),
        "weekdays": ["TUE"],
        "timeFrom": "09:00",
        "timeUntil": "18:00",
        "tiers": some,
        "skus": words,
        "categories": words,
        "stores": {"include": ["LAKE"]},
        "channels": words,
        "firstOrder": True,
        "birthday": "MONTH",
        "minEligibleMinor": 1,
        "caps": {"transaction": 10, "day": 10, "week": 20, "month": 30, "lifetime": 40},
        "budget": 1_000,
    }
    key = {"idempotencyKey": "poisoned-1"}
    return {
        "earnRulePublish": (OWNER, {"rule": wanted, "expectedVersion": 0, **key}),
        "earnRuleRetire": (OWNER, {"code": "TEN", "expectedVersion": 1, **key}),
    }


async def _holding(who: UUID) -> dict[str, tuple[Principal | None, dict[str, Any]]]:
    tea, key = purchase_id(who, uuid4()), {"idempotencyKey": "poisoned-1"}
    held = {"points": 1, "seconds": 60, "reason": "CHECKOUT", "orderRef": "tea-2", "purchaseId": tea, **key}
    aside = hold_id(who, (await set_aside(who, 5)).hold_id)
    given = {"points": 1, "reason": "GIFT", "note": "a note", "toMemberId": member_id(await member("Zhao")), **key}
    return {
        "pointsTransfer": (CLERK, {**given, "memberId": member_id(who)}),
        "pointsHold": (CASHIER, {**held, "memberId": member_id(who)}),
        "pointsCapture": (CLERK, {"holdId": aside, "points": 1, "purchaseId": tea, **key}),
        "pointsRelease": (CLERK, {"holdId": aside, **key}),
        "pointsHoldExtend": (CLERK, {"holdId": aside, "seconds": 3600, **key}),
        "pointsPendingCancel": (CLERK, {"id": await _waiting(), "reason": "FRAUD", "note": "a note", **key}),
    }


async def _waiting() -> str:
    """A lot that waits for a thaw."""
    lan = await member("Lan")
    await freeze(lan)
    await buy(lan, 100_00, ref="frozen-1")
    return ids.encode(Tag.POINTS_LOT, lan, await LOT.value(lan))


async def _of_keys() -> dict[str, tuple[Principal | None, dict[str, Any]]]:
    store = await staff.open_store("SH01", "Shanghai")
    issued = await keys.issue(Holder.service("pos"), name="till", environment="test", actor=SYSTEM, now=NOON)
    bounds = {"scopes": ["MEMBERS_READ"], "networks": ["203.0.113.0/24"], "expiresAt": "2027-01-01T00:00:00Z"}
    till = {"source": "till", "storeId": ids.encode(Tag.STORE, store)}
    return {
        "apiKeyCreate": (OWNER, {"name": "till 1", **bounds, "holder": {"service": till}}),
        "apiKeyRotate": (OWNER, {"id": issued.key_id, "overlapHours": 1}),
        "apiKeyRevoke": (OWNER, {"id": issued.key_id}),
    }


TYPES = schema._schema.type_map
FIELDS = schema._schema.mutation_type.fields if schema._schema.mutation_type else {}
MUTATIONS = sorted(name for name, field in FIELDS.items() if field.args)


@pytest.mark.parametrize("name", MUTATIONS)
async def test_no_input_of_a_mutation_breaks_anything(name: str, dialect: str) -> None:
    who, given = (await good())[name]
    kind = f"{name[0].upper()}{name[1:]}Input"
    document = f"mutation($input: {kind}!) {{ {name}(input: $input) {{ userErrors {{ code }} }} }}"
    fine = await ask(document, {"input": given}, who=who)
    assert fine.errors == []
    parts = kinds_of(TYPES[kind])  # type: ignore[arg-type]
    broken = [
        (bad, refused, answer.errors)
        for bad, refused in spoiled(name, parts, given, dialect)
        if not is_told((answer := await ask(document, {"input": bad}, who=who)).codes, refused=refused)
    ]
    assert broken == []


async def test_no_argument_of_a_query_breaks_anything() -> None:
    who, given = (await good())["pointsRedeem"]
    asked = {
        "query($by: MemberBy!) { member(by: $by) { id } }": {
            "by": {"identity": {"kind": "PHONE", "namespace": "", "value": "1"}},
        },
        "query($id: ID!) { node(id: $id) { id } }": {"id": given["memberId"]},
        "query($ids: [ID!]!) { nodes(ids: $ids) { id } }": {"ids": [given["memberId"]]},
        "query($f: MembersFilter, $first: Int, $after: String) { members(filter: $f, first: $first, after: $after)"
        " { nodes { id } } }": {"f": {"state": "ACTIVE", "tierCode": "GOLD"}, "first": 1, "after": None},
        "query($i: PointsRedeemPreviewInput!) { pointsRedeemPreview(input: $i) { allowed } }": {
            "i": {"memberId": given["memberId"], "points": 1},
        },
        "query($i: MemberMergePreviewInput!) { memberMergePreview(input: $i) { allowed } }": {
            "i": {"memberId": given["memberId"], "intoId": given["memberId"]},
        },
    }
    assert who
    broken = [
        (document[:40], bad)
        for document, variables in asked.items()
        for drop in POISON
        for bad in poisoned(variables, drop)
        if set((await ask(document, bad, who=CLERK)).codes) - {"BAD_USER_INPUT"}
    ]
    assert broken == []


PARSERS = {
    "Long": scalars.parse_long,
    "DateTime": scalars.parse_moment,
    "Date": scalars.parse_day,
    "Note": scalars.parse_note,
    "ReasonCode": scalars.parse_reason,
    "CurrencyCode": scalars.parse_currency,
}


def complaint(name: str, given: Any) -> str | None:
    """What a scalar says against a value; None when it takes it."""
    try:
        PARSERS[name](given)
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", PARSERS)
def test_a_scalar_takes_what_it_means_and_refuses_the_rest_in_words(name: str) -> None:
    said = [words for each in POISON if (words := complaint(name, each)) is not None]
    assert [words for words in said if not re.fullmatch(r"An? [A-Z]?.+\.", words)] == []
    assert len(said) > len(POISON) / 2


@pytest.mark.parametrize(
    ("name", "given", "read"),
    [
        ("Long", 2**53 - 1, 2**53 - 1),
        ("Long", -(2**53) + 1, -(2**53) + 1),
        ("DateTime", "2026-03-10T12:00:00+08:00", NOON),
        ("DateTime", "2026-03-10t04:00:00z", NOON),
        ("DateTime", "2026-03-10 04:00:00Z", NOON),
        ("DateTime", "2026-03-10T04:00:00.123456Z", NOON.replace(microsecond=123456)),
        ("DateTime", "2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
        ("Date", "2024-02-29", date(2024, 2, 29)),
        ("Note", "  e\u0301té  ", "été"),
        ("Note", "中" * 200, "中" * 200),
        ("ReasonCode", "reward tea", "REWARD_TEA"),
        ("ReasonCode", "reward-tea.2", "REWARD_TEA_2"),
        ("CurrencyCode", "CNY", "CNY"),
    ],
)
def test_a_scalar_is_read_as_it_is_meant(name: str, given: Any, read: Any) -> None:
    assert PARSERS[name](given) == read


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("Long", 2**53),
        ("Long", 1.0),
        ("DateTime", "2026-03-10T04:00:00"),
        ("DateTime", "2026-03-10T04:00Z"),
        ("DateTime", "2026"),
        ("DateTime", "2023-02-29T00:00:00Z"),
        ("DateTime", "1969-12-31T23:59:59Z"),
        ("Date", "2023-02-29"),
        ("Date", "20230228"),
        ("Note", "中" * 201),
        ("Note", "a\nb"),
        ("ReasonCode", "A"),
        ("ReasonCode", "1TEA"),
        ("ReasonCode", "TEA" * 20),
        ("ReasonCode", "奖励"),
        ("CurrencyCode", "RMBB"),
    ],
)
def test_a_scalar_refuses_what_it_does_not_mean(name: str, given: Any) -> None:
    assert complaint(name, given)


def test_a_moment_is_shown_in_utc() -> None:
    assert scalars.show_moment(datetime.fromisoformat("2026-03-10T12:00:00+08:00")) == "2026-03-10T04:00:00Z"
    assert scalars.show_moment("2026-03-10T04:00:00Z") == "2026-03-10T04:00:00Z"
