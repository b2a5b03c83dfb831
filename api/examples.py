"""Examples: the tabs GraphiQL opens with. A test runs each of them."""

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
    isNewMember
    userErrors { code message }
  }
}
"""

TABS = (
    Tab(HOME),
    Tab(LADDER),
    Tab(PREVIEW),
    Tab(REDEEM, variables='{"key": "try-redeeming-1"}'),
    Tab(FIND),
    Tab(LIST),
    Tab(PURCHASE),
    Tab(LOGIN),
)
