"""Examples: the tabs GraphiQL opens with. A test runs each of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from api.graphiql import Tab

HOME = """query MemberHome {
  me {
    card { displayName }
    tier { code name benefits { kind value } }
    tierProgress { growth next { tier { name } need percent } }
    points {
      available
      pending
      expiring(first: 3) { points expiresAt }
      entries(first: 5) { nodes { kind points balanceAfter occurredAt } }
    }
  }
}
"""
LADDER = """query Ladder {
  programme { name currency timezone earnPoints earnPerMinor expireMonths }
  tiers { code name threshold earnMultiplier redeemLimit }
}
"""
PREVIEW = """query TryRedeeming {
  pointsRedeemPreview(input: {points: 100}) {
    allowed
    available
    availableAfter
    userErrors { code message }
  }
}
"""
REDEEM = """mutation Redeem($key: String!) {
  pointsRedeem(input: {points: 10, reason: "REWARD_TEA", idempotencyKey: $key}) {
    entry { points balanceAfter }
    replayed
    userErrors { code message ... on InsufficientPoints { wanted available } }
  }
}
"""
FIND = """query FindAtTheCounter {
  member(by: {identity: {kind: PHONE, value: "13800000000"}}) {
    id
    state
    card { displayName }
    identities { kind masked }
    tier { name redeemLimit }
    points { available debt }
  }
}
"""
LIST = """query Members {
  members(first: 10, filter: {tierCode: "GOLD"}) {
    nodes { id state joinedAt tier { name } points { available } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
PURCHASE = """mutation IdentifyBuyer {
  memberIdentify(input: {identities: [{kind: PHONE, value: "13800000000"}]}) {
    member { id tier { code } }
    userErrors { code message }
  }
}
"""
LOGIN = """mutation Login {
  memberLogin(input: {code: "demo:xiaoyu"}) {
    tokens { accessToken accessTokenExpiresAt refreshToken }
    memberState
    userErrors { code message }
  }
}
"""
FRIENDS = """query MyFriends {
  me {
    referral {
      code { code link scene }
      invitees(first: 5) { nodes { name state missing boundAt } }
      earnings { points growth qualified pending }
      milestones { qualified reached points }
    }
  }
}
"""
REVIEWS = """query ReferralsToLookAt {
  referralReviews(first: 5) {
    nodes { score suspicions { reason count } reviewUntil referral { state campaign boundAt } }
  }
}
"""
PARTNER = """query WhatAPartnerSees {
  partner {
    name
    stats(by: CHANNEL) {
      asOf
      total { touches registered qualified orders netMinor rewardCostMinor }
      cells { channel registered orders netMinor }
    }
    links(first: 5) { nodes { channel link scene } }
    settlements(first: 3) { nodes { month state payableMinor paymentRef csv } }
  }
}
"""
HOOKS = """query WhereAPartnerIsTold {
  partner {
    webhookEndpoints {
      url
      state
      partnerEventTypes
      deliveries(first: 5) { nodes { type state nextAttemptAt attempts { at status failure } } }
    }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Example:
    """An operation to try, and as whom."""

    role: str
    query: str
    variables: str = ""


EXAMPLES = (
    Example("Member", HOME),
    Example("", LADDER),
    Example("Member", PREVIEW),
    Example("Member", REDEEM, '{"key": "try-redeeming-1"}'),
    Example("Cashier", FIND),
    Example("Owner", LIST),
    Example("Service", PURCHASE),
    Example("", LOGIN),
    Example("Member", FRIENDS),
    Example("Owner", REVIEWS),
    Example("Partner", PARTNER),
    Example("Partner", HOOKS),
)


def tabs(tokens: Mapping[str, str]) -> tuple[Tab, ...]:
    """GraphiQL's tabs, each with the credential of whom it is for."""
    return tuple(Tab(each.query, each.variables, _headers(tokens.get(each.role))) for each in EXAMPLES)


def _headers(token: str | None) -> str:
    return orjson.dumps({"authorization": f"Bearer {token}"}).decode() if token else ""
