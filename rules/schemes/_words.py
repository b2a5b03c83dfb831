"""What a scheme is refused for."""

from dataclasses import dataclass

from rules.refusals import Refusal


@dataclass(eq=False)
class TierSchemeInvalid(Refusal):
    """This ladder of tiers cannot be climbed."""

    zh = "等级方案无效。"
    why: str


@dataclass(eq=False)
class TierThresholdOrder(TierSchemeInvalid):
    """The thresholds of the tiers must rise from 0."""

    zh = "等级门槛必须从 0 开始严格递增。"
