"""Rungs: the tiers of a ladder, and what each gives its members."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from models.units import WHOLE, BasisPoints, Growth, Points


class BenefitKind(StrEnum):
    """What a tier gives its members. What a value counts depends on the kind."""

    EARN_MULTIPLIER = "EARN_MULTIPLIER"
    REDEEM_LIMIT = "REDEEM_LIMIT"
    CAP_OVERRIDE = "CAP_OVERRIDE"
    """In basis points: how much wider the caps of earn rules are."""
    REDEEM_DISCOUNT = "REDEEM_DISCOUNT"
    """In basis points: how many fewer points pay the same part of a price."""
    MEMBER_PRICE = "MEMBER_PRICE"
    """In basis points: how much less goods cost."""
    PERIODIC_COUPON = "PERIODIC_COUPON"
    EXCLUSIVE_ACCESS = "EXCLUSIVE_ACCESS"
    COMMUNITY_ACCESS = "COMMUNITY_ACCESS"
    UPGRADE_GIFT = "UPGRADE_GIFT"
    """Points for whoever earns the tier, or one above it."""
    BIRTHDAY_GIFT = "BIRTHDAY_GIFT"
    """Points for whoever holds the tier in the month of their birthday."""


@dataclass(frozen=True, slots=True)
class Benefit:
    """One thing a tier gives: how much of it, what it opens, and how often in a month."""

    kind: BenefitKind
    value: int | None = None
    code: str | None = None
    per_month: int | None = None
    """How often it may be used in a month of the programme; None as often as they like."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One tier of the ladder, as the rules read it."""

    code: str
    name: str
    threshold: Growth
    earn_multiplier_bps: BasisPoints = WHOLE
    redeem_limit_points: Points | None = None
    id: UUID | None = None
    rank: int = 0
    retain_threshold: Growth | None = None
    """What keeps the tier when it is reviewed; None where that is the threshold itself."""
    never_downgrade: bool = False
    benefits: tuple[Benefit, ...] = ()
    """All that it gives beside the multiplier and the limit."""

    @property
    def keeps_from(self) -> Growth:
        """What keeps the tier when it is reviewed."""
        return self.threshold if self.retain_threshold is None else self.retain_threshold

    @property
    def redeem_discount_bps(self) -> BasisPoints:
        """How many fewer points pay the same part of a price; 0 where the tier gives nothing off."""
        return self._off(BenefitKind.REDEEM_DISCOUNT)

    @property
    def member_price_bps(self) -> BasisPoints:
        """How much less goods cost; 0 where the tier gives nothing off."""
        return self._off(BenefitKind.MEMBER_PRICE)

    def _off(self, kind: BenefitKind) -> BasisPoints:
        found = self.benefit(kind)
        return BasisPoints((found.value if found else None) or 0)

    def benefit(self, kind: BenefitKind, code: str | None = None) -> Benefit | None:
        """The benefit of a kind, and where it names one, of a code; None when the tier does not give it."""
        return next((each for each in self.benefits if each.kind is kind and code in (None, each.code)), None)
