"""Vocabulary: by which names and words drafts say what a campaign may not do."""

import re

FIELDS = {
    "code",
    "name",
    "version",
    "priority",
    "startsAt",
    "endsAt",
    "attribution",
    "windowDays",
    "validDays",
    "act",
    "minOrderMinor",
    "spendMinor",
    "holdDays",
    "clawBackDays",
    "referrer",
    "referee",
    "milestones",
    "cycle",
    "caps",
    "budget",
    "link",
    "partner",
    "guards",
}
"""What a campaign has."""

WRITTEN = {"terms", "description", "title", "copy", "poster", "rules", "text", "notes"}
"""What a draft may have besides: the words people will read, which are linted and not published."""

LEVELS = {"levels", "level", "depth", "maxlevels", "maxdepth", "generations", "tiersofreferral"}
"""Counts of levels: more than one is too many."""

INDIRECT = {
    "secondlevel",
    "thirdlevel",
    "level2",
    "level3",
    "indirect",
    "indirectreward",
    "indirectrewards",
    "grandreferrer",
    "ancestors",
    "upline",
    "uplines",
    "downline",
    "downlines",
    "team",
    "teamreward",
    "teambonus",
    "teamcommission",
    "parentreward",
    "parentreferrer",
    "referrerofreferrer",
}

PER_HEAD = {
    "perhead",
    "headcount",
    "perregistration",
    "perregistered",
    "perinvite",
    "perinvitee",
    "permember",
    "recruits",
    "perrecruit",
}
HEADS = {"registered", "registrations", "invited", "invitees", "invites", "heads", "members", "people", "recruits"}
"""What a milestone may not count."""

HEAD_ACTS = {"REGISTERED", "INVITED", "ACCEPTED", "JOINED", "ENROLLED", "VERIFIED", "BOUND"}
"""Acts that make somebody a head and nothing else."""

FEES = {
    "entryfee",
    "entryfeeminor",
    "joinfee",
    "joinfeeminor",
    "joiningfee",
    "membershipfee",
    "fee",
    "feeminor",
    "deposit",
    "depositminor",
    "requirespurchase",
    "purchaserequired",
    "musthavepurchased",
    "musthavebought",
    "referrermustbuy",
    "referrerminspend",
    "referrerminspendminor",
    "referrerminordercount",
    "minspendtorefer",
    "minspendtoinvite",
    "codeprice",
    "codepriceminor",
    "packageprice",
    "starterkit",
    "paidtier",
    "requirespaidtier",
}
ENTRANCES = {"entry", "eligibility", "eligible", "join", "joining", "referrer", "admission", "qualification"}
"""Under these names whatever is to be paid is an entrance."""

PAID = re.compile(r"fee|purchase|order|spend|spent|pay|paid|buy|bought|deposit|price")

SHARE_ACTS = {"SHARED", "SHARE", "FORWARDED", "FORWARD", "POSTED", "FOLLOWED", "CLICKED", "TOUCHED", "VIEWED"}
SHARES = {
    "sharereward",
    "sharerewards",
    "rewardonshare",
    "rewardforsharing",
    "pershare",
    "perforward",
    "perpost",
    "pertouch",
    "perclick",
    "mustshare",
    "forcedshare",
    "sharerequired",
    "sharetounlock",
    "unlockbysharing",
    "followreward",
    "perfollow",
}

RANDOM = {
    "random",
    "randompoints",
    "randomreward",
    "randomamount",
    "lottery",
    "lotterychances",
    "draw",
    "draws",
    "luckydraw",
    "wheel",
    "blindbox",
    "mysterybox",
    "odds",
    "probability",
    "chance",
    "jackpot",
    "prizes",
    "scratchcard",
}
SPREADS = (
    ("minpoints", "maxpoints"),
    ("mingrowth", "maxgrowth"),
    ("minminor", "maxminor"),
    ("minamount", "maxamount"),
    ("pointsmin", "pointsmax"),
    ("pointsfrom", "pointsto"),
    ("min", "max"),
)
"""Two names under one roof that are the ends of an amount nobody knows."""

PRIZES = {"prizeminor", "maxprizeminor", "topprizeminor", "prizevalueminor", "valueminor"}
PRIZE_MAX_MINOR = 5_000_000
"""50,000 yuan, in fen."""

NOT = re.compile(
    r"(?:不(?![限断停仅但止])|无(?![限上数])|没有|禁止|杜绝|勿|非(?!常)|\b(?:no|not|never|without)\b)[^,，.。;；!！]{0,8}$",
    re.IGNORECASE,
)
"""What may stand before a word so that it means the contrary."""

PYRAMID_WORDS = re.compile(
    r"[二两三四多][级层]{1,2}(?:分销|返佣|返利|奖励|佣金)|(?<!线)下线(?!上)|上线返|下级(?:会员|返|佣)|间接(?:推荐|奖励|邀请)|团队(?:计酬|奖|业绩)"
    r"|\bdown-?lines?\b|\bup-?lines?\b|\bmulti-?level\b|\b(?:second|third|two|three|2nd|3rd)[ -](?:level|tier)s?\b"
    r"|\bteam (?:bonus|commission)\b|\btheir (?:friends|referees|invitees)(?:'|’)? (?:friends|purchases)\b",
    re.IGNORECASE,
)
HEAD_WORDS = re.compile(
    r"拉人头|人头费|按人头|每拉一人|\bper head\b|\bhead ?count\b|\bper recruit\b", re.IGNORECASE
)
FEE_WORDS = re.compile(
    r"入会费|入门费|加盟费|代理费|缴纳?押金|交纳?押金|购买[^,，。]{0,12}(?:后|即可|才能|方可)(?:获得|取得|成为)?推荐"
    r"|\b(?:entry|joining|sign-?up) fee\b|\bbuy\b[^.]{0,40}\bto (?:get|unlock) (?:your|a) (?:code|link)\b",
    re.IGNORECASE,
)
SHARE_WORDS = re.compile(
    r"(?:分享|转发|关注)(?:[^,，。]{0,6}(?:就|即可?|就能|可)|到[^,，。]{0,8})?(?:得|送|领|赚|获得|解锁|抽奖)"
    r"|不转不是|必须(?:分享|转发)|\bshare (?:to|and) (?:get|earn|win|unlock)\b|\bfor (?:each|every) share\b",
    re.IGNORECASE,
)
RANDOM_WORDS = re.compile(
    r"抽奖|大转盘|盲盒|随机(?:红包|积分|奖励|金额|得)|拼手气|最高(?:可)?(?:得|领|赢)|手气红包|百分百中奖"
    r"|\blucky draw\b|\blottery\b|\brandom (?:points|reward|amount)\b|\bblind box\b|\bup to \d",
    re.IGNORECASE,
)
