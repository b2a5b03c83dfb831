"""Words of the statement: what each movement was, for the member who reads it, in English and Chinese."""

from models.points import PointsKind
from schema.enums import describe

describe(
    PointsKind,
    "Why points moved.",
    {
        PointsKind.EARN: "Earned by a purchase.",
        PointsKind.BONUS: "What the tier added to a purchase's points.",
        PointsKind.REDEEM: "Spent.",
        PointsKind.RETURN: "A redemption taken back, in part or whole.",
        PointsKind.CLAWBACK: "Earned points taken back by a refund.",
        PointsKind.ADJUST_IN: "Put in by staff.",
        PointsKind.ADJUST_OUT: "Taken out by staff.",
        PointsKind.ACTIVATE: "Pending points became available.",
        PointsKind.CANCEL_PENDING: "Pending points that never became available.",
        PointsKind.RESTORE: "Cancelled, and put back: the order had been completed in time.",
        PointsKind.EXPIRE: "Expired.",
        PointsKind.HOLD: "Set aside for a checkout.",
        PointsKind.RELEASE: "Set aside for a checkout, and available again.",
        PointsKind.TRANSFER_OUT: "Given to another member.",
        PointsKind.TRANSFER_IN: "Given by another member.",
        PointsKind.MERGE_OUT: "Went to another account of the same person.",
        PointsKind.MERGE_IN: "Came from another account of the same person.",
        PointsKind.FORFEIT: "Given up by leaving the programme.",
        PointsKind.GRANT: "A gift of a tier: for reaching it, or for a birthday.",
        PointsKind.REFERRAL: "A reward of a referral: for whom they brought, or for having been brought.",
    },
)

KINDS: dict[PointsKind, tuple[str, str]] = {
    PointsKind.EARN: ("Earned by a purchase", "消费获得积分"),
    PointsKind.BONUS: ("Bonus of your tier", "等级加赠积分"),
    PointsKind.REDEEM: ("Redeemed", "积分兑换"),
    PointsKind.RETURN: ("Points returned", "积分退回"),
    PointsKind.CLAWBACK: ("Taken back after a refund", "退款扣回积分"),
    PointsKind.ADJUST_IN: ("Added by our staff", "人工增加积分"),
    PointsKind.ADJUST_OUT: ("Taken out by our staff", "人工扣减积分"),
    PointsKind.ACTIVATE: ("Now available", "积分生效"),
    PointsKind.CANCEL_PENDING: ("Pending points cancelled", "待生效积分取消"),
    PointsKind.RESTORE: ("Cancelled points put back", "已取消积分恢复"),
    PointsKind.EXPIRE: ("Expired", "积分过期"),
    PointsKind.HOLD: ("Set aside for a checkout", "结算预占积分"),
    PointsKind.RELEASE: ("Set aside, and available again", "预占积分释放"),
    PointsKind.TRANSFER_OUT: ("Given to another member", "转赠给其他会员"),
    PointsKind.TRANSFER_IN: ("Given by another member", "收到其他会员转赠"),
    PointsKind.MERGE_OUT: ("To another account of yours", "账户合并转出"),
    PointsKind.MERGE_IN: ("From another account of yours", "账户合并转入"),
    PointsKind.FORFEIT: ("Given up by leaving", "退会清零"),
    PointsKind.GRANT: ("A gift of your tier", "会员礼积分"),
    PointsKind.REFERRAL: ("A referral reward", "推荐奖励积分"),
}
"""Every kind of movement has its words; a test of the schema compares."""

REASONS: dict[str, tuple[str, str]] = {
    "CHECKOUT": ("checkout", "结算"),
    "CORRECTION": ("a correction", "更正"),
    "CUSTOMER_RETURN": ("goods were returned", "退货"),
    "GIFT": ("a gift", "赠送"),
    "GOODWILL": ("goodwill", "关怀补偿"),
    "REFERRER": ("a friend you brought", "推荐好友"),
    "REFEREE": ("brought by a friend", "好友推荐"),
    "MILESTONE": ("friends you brought", "推荐里程碑"),
    "UPGRADE_GIFT": ("a higher tier", "升级礼"),
    "BIRTHDAY_GIFT": ("your birthday", "生日礼"),
    "SAME_PERSON": ("two accounts of one person", "同一会员"),
    "REDEMPTION": ("a redemption", "兑换"),
    "RETURNED": ("goods were returned", "退货"),
}
"""The reason codes everybody uses. A code of one's own is shown as it is, in `reason`."""


def said(kind: PointsKind, reason: str | None, language: str) -> str:
    """What a movement was, in the language of the reader.

    >>> said(PointsKind.ADJUST_IN, "GOODWILL", "zh")
    '人工增加积分（关怀补偿）'
    >>> said(PointsKind.REDEEM, "REWARD_TEA", "en")
    'Redeemed'
    """
    place = 1 if language == "zh" else 0
    what, why = KINDS[kind][place], REASONS.get(reason or "")
    if why is None:
        return what
    return f"{what}（{why[1]}）" if place else f"{what}: {why[0]}"
