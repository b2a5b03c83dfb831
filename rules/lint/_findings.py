"""Findings: what a lint says, by which rule, and how grave it is."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether a campaign can be published in spite of a finding."""

    BLOCKS = "BLOCKS"
    WARNS = "WARNS"


class LintCode(StrEnum):
    """What can be wrong with a campaign."""

    LAW_PYRAMID_DEPTH = "LAW_PYRAMID_DEPTH"
    LAW_HEAD_COUNT = "LAW_HEAD_COUNT"
    LAW_ENTRY_FEE = "LAW_ENTRY_FEE"
    LAW_LOTTERY_MAX = "LAW_LOTTERY_MAX"
    WECHAT_SHARE_REWARD = "WECHAT_SHARE_REWARD"
    WECHAT_RANDOM_GAIN = "WECHAT_RANDOM_GAIN"
    HOLD_ZERO = "HOLD_ZERO"
    CLAW_BACK_NONE = "CLAW_BACK_NONE"
    CAP_MISSING = "CAP_MISSING"
    BUDGET_MISSING = "BUDGET_MISSING"
    REWARD_ABOVE_ORDER = "REWARD_ABOVE_ORDER"
    WINDOW_ABOVE_VALIDITY = "WINDOW_ABOVE_VALIDITY"
    STAFF_PAID = "STAFF_PAID"
    FIELD_UNKNOWN = "FIELD_UNKNOWN"
    DRAFT_UNREADABLE = "DRAFT_UNREADABLE"


@dataclass(frozen=True, slots=True)
class Words:
    """A finding in words: the rule it goes back to, and what to do."""

    rule: str
    en: str
    zh: str


PYRAMID = "禁止传销条例 (State Council order 444)"
OURS = "This platform"

WORDS = {
    LintCode.LAW_PYRAMID_DEPTH: Words(
        f"{PYRAMID}, art. 2, 7 (3), 24",
        "More than one level: nobody may be paid for whom their referees bring, or for what those buy.",
        "推荐关系只能有一级：不得以下线发展的人员或下线的销售业绩为依据给付报酬。",
    ),
    LintCode.LAW_HEAD_COUNT: Words(
        f"{PYRAMID}, art. 2, 7 (1), 24",
        "Pay by the head: the referrer is paid for people, not for what they buy or do. Let an order qualify.",
        "按人头计酬：不得以发展人员的数量为依据给付报酬，请改为以被推荐人自己的订单为达标条件。",
    ),
    LintCode.LAW_ENTRY_FEE: Words(
        f"{PYRAMID}, art. 2, 7 (2), 24",
        "An entry fee: to recommend must cost nothing, neither a fee nor a purchase nor a deposit.",
        "变相入门费：取得推荐资格不得以交纳费用、押金或认购商品为条件。",
    ),
    LintCode.LAW_LOTTERY_MAX: Words(
        "反不正当竞争法 (prizes of lotteries: 50,000 yuan at most)",
        "A prize above 50,000 yuan: no lottery may give one away.",
        "抽奖式有奖销售的最高奖金额不得超过五万元。",
    ),
    LintCode.WECHAT_SHARE_REWARD: Words(
        "微信小程序平台运营规范 5.1 (滥用分享行为、诱导分享)",
        "The act of sharing is rewarded or forced. Reward what the referee does afterwards.",
        "诱导分享：不得因分享、转发或关注行为本身给予奖励，也不得强制分享；奖励应以被推荐人的后续行为为条件。",
    ),
    LintCode.WECHAT_RANDOM_GAIN: Words(
        "关于小程序内分享行为的进一步规范 (WeChat, December 2020)",
        "A gain by chance, or one nobody knows beforehand. Say the amount, and give it to everybody alike.",
        "分享活动的收益不得随机或不明确：请写明固定的奖励数额。",
    ),
    LintCode.HOLD_ZERO: Words(
        OURS,
        "No hold: rewards are given before the goods can come back. Hold for as long as refunds are usual, 7 days.",
        "考察期为 0 天：奖励会在退货期结束前发放，建议设为退货期（7 天）。",
    ),
    LintCode.CLAW_BACK_NONE: Words(
        OURS,
        "Nothing is taken back: no refund after the hold takes a reward back, not even of the whole order.",
        "追回期为 0 天：考察期后即使全额退款也不会追回奖励。",
    ),
    LintCode.CAP_MISSING: Words(
        OURS,
        "A cap is missing: one referrer may be rewarded without end. Cap a day, a month or a lifetime.",
        "缺少上限：单个推荐人可获得的奖励次数没有限制，请设置每日、每月或终身上限。",
    ),
    LintCode.BUDGET_MISSING: Words(
        OURS,
        "There is no budget: nothing bounds what the campaign gives away.",
        "缺少预算：活动的奖励总额没有限制。",
    ),
    LintCode.REWARD_ABOVE_ORDER: Words(
        OURS,
        "The rewards are worth more than the smallest order that qualifies: to recommend oneself would pay.",
        "奖励的价值高于最低达标订单：自我推荐将有利可图，请提高最低订单金额或降低奖励。",
    ),
    LintCode.WINDOW_ABOVE_VALIDITY: Words(
        OURS,
        "The window for touches is longer than a referral is valid: an old touch outlives what it could bring.",
        "归因窗口长于推荐关系的有效期。",
    ),
    LintCode.STAFF_PAID: Words(
        OURS,
        "Staff are paid to bring those whom they serve: let `guards.staff` be no less than `guards.reviewScore`.",
        "员工推荐会员也可获得奖励：请将 guards.staff 设为不低于 guards.reviewScore。",
    ),
    LintCode.FIELD_UNKNOWN: Words(
        OURS,
        "No campaign has this field: it would not be published, and nothing was made of it here.",
        "活动没有此字段：发布时不会被接受，此处也未作检查。",
    ),
    LintCode.DRAFT_UNREADABLE: Words(
        OURS,
        "This is no campaign: a JSON object is wanted, of no more than a campaign's size.",
        "无法读取：请提供大小适当的 JSON 对象。",
    ),
}

BLOCKING = frozenset(
    {
        LintCode.LAW_PYRAMID_DEPTH,
        LintCode.LAW_HEAD_COUNT,
        LintCode.LAW_ENTRY_FEE,
        LintCode.LAW_LOTTERY_MAX,
        LintCode.WECHAT_SHARE_REWARD,
        LintCode.WECHAT_RANDOM_GAIN,
        LintCode.DRAFT_UNREADABLE,
    }
)
"""What keeps a campaign from being published, unless a finding is of its wording alone."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that speaks against a campaign, and where in it."""

    code: LintCode
    field: str | None = None
    """By dots: `milestones.0.points`. None: all of it."""
    is_doubtful: bool = False
    """Whether a person has to read it: words may mean the contrary of what they name."""

    @property
    def severity(self) -> Severity:
        """Whether it can be published in spite of it."""
        return Severity.BLOCKS if self.code in BLOCKING and not self.is_doubtful else Severity.WARNS

    @property
    def words(self) -> Words:
        """The rule it goes back to, and what to do."""
        return WORDS[self.code]
