"""The points policy as clients see it, and as those who lead the programme publish it."""

from dataclasses import fields
from typing import Annotated, Any, TypeVar

import strawberry

from rules import policy
from rules.policy import (
    Activation,
    ActivationMode,
    ClawBack,
    ClawBackPolicy,
    Expiry,
    ExpiryMode,
    Payment,
    Published,
    RoundUp,
    Span,
    Transfer,
)
from rules.refusals import NotFound
from schema.context import Info
from schema.enums import describe
from schema.errors import UserError, command, key_of
from schema.permissions import ANYBODY_KNOWN, LEADS, asked, seen
from schema.scalars import KEY_SAYS, BasisPointsValue, Long, Moment

Part = TypeVar("Part")

describe(
    ActivationMode,
    "When points that a purchase earned become available.",
    {
        ActivationMode.IMMEDIATE: "At once.",
        ActivationMode.AFTER_DAYS: "At the end of `days` days after the day of payment.",
        ActivationMode.ON_COMPLETION: "When the order is completed.",
        ActivationMode.FIXED_DATES: "When the next of some days of the year begins.",
    },
    name="PointsActivationMode",
)
describe(
    ExpiryMode,
    "How it is reckoned when points expire. The clock starts when they become available.",
    {
        ExpiryMode.NEVER: "They do not.",
        ExpiryMode.ROLLING: "So many days, months or years later, at the end of that day.",
        ExpiryMode.CALENDAR: "At the end of the next of some days of the year.",
        ExpiryMode.SLIDING: "So many days, months or years after the member last earned or spent points.",
    },
    name="PointsExpiryMode",
)
describe(
    Span,
    "What a lifetime is counted in.",
    {Span.DAY: "Days.", Span.MONTH: "Months: 31 January and a month is the last of February.", Span.YEAR: "Years."},
    name="PointsSpan",
)
describe(
    RoundUp,
    "To the end of what a lifetime is rounded up.",
    {
        RoundUp.NONE: "It is not.",
        RoundUp.MONTH: "The month in which it ends.",
        RoundUp.QUARTER: "The quarter in which it ends.",
        RoundUp.YEAR: "The year in which it ends.",
    },
    name="PointsRoundUp",
)
describe(
    ClawBackPolicy,
    "What becomes of points that a refund takes back and that the member has spent.",
    {
        ClawBackPolicy.DEBT: "The member owes them, up to `maxDebt`, and repays them from what comes next.",
        ClawBackPolicy.CLAMP: "They are lost to the programme.",
        ClawBackPolicy.PENDING_ONLY: "Only points that are still pending are taken back; all others are lost.",
    },
    name="PointsClawBackPolicy",
)

DAYS_SAY = "AFTER_DAYS: how many, 1 to 365."
AFTER_SAYS = "ON_COMPLETION: without completion they become available this many days after payment; null: never."
CANCEL_SAYS = "ON_COMPLETION: without completion they are cancelled this many days after payment; null: never."
COUNT_SAYS = "ROLLING and SLIDING: how many."
MIN_SAYS = "CALENDAR: they live at least so many days."
MAX_DEBT_SAYS = "DEBT: how much a member may owe; null for no limit."
RESTORE_SAYS = "How many days points live that are returned to a lot that has expired; 0: they are forfeit."
RELEASE_SAYS = "How many days points live that a hold releases and that have expired meanwhile; 0: none."
WARNING_SAYS = "How many days before points expire their member is told: 5 entries at most."
WORTH_SAYS = "… are worth so many minor units."
SHARE_SAYS = "The most of an order that points may pay, in basis points."


@strawberry.type(description="When points that a purchase earned become available.")
class PointsActivation:
    mode: ActivationMode = seen(ANYBODY_KNOWN, "What they wait for.")
    days: int | None = seen(ANYBODY_KNOWN, DAYS_SAY)
    after_days: int | None = seen(ANYBODY_KNOWN, AFTER_SAYS)
    cancel_after_days: int | None = seen(ANYBODY_KNOWN, CANCEL_SAYS)
    dates: list[str] = seen(ANYBODY_KNOWN, "FIXED_DATES: days of the year, `MM-DD`.")


@strawberry.type(description="When points expire.")
class PointsLifetime:
    mode: ExpiryMode = seen(ANYBODY_KNOWN, "How it is reckoned.")
    count: int | None = seen(ANYBODY_KNOWN, COUNT_SAYS)
    unit: Span = seen(ANYBODY_KNOWN, "ROLLING and SLIDING: of what.")
    round_up_to: RoundUp = seen(ANYBODY_KNOWN, "ROLLING: to what the end is rounded up.")
    dates: list[str] = seen(ANYBODY_KNOWN, "CALENDAR: days of the year, `MM-DD`; the last of the points.")
    min_days: int = seen(ANYBODY_KNOWN, MIN_SAYS)


@strawberry.type(description="What becomes of points that a refund takes back and that the member has spent.")
class PointsClawBack:
    policy: ClawBackPolicy = seen(ANYBODY_KNOWN, "What becomes of them.")
    max_debt: Long | None = seen(ANYBODY_KNOWN, MAX_DEBT_SAYS)


@strawberry.type(description="Whether members may give points to each other.")
class PointsTransferTerms:
    enabled: bool = seen(ANYBODY_KNOWN, "Whether they may.")
    min_member_days: int = seen(ANYBODY_KNOWN, "For how many days the giver must have been a member.")
    per_day_count: int = seen(ANYBODY_KNOWN, "How often a day.")
    per_day_points: Long = seen(ANYBODY_KNOWN, "How many points a day.")


@strawberry.type(description="What points are worth as a part of the price.")
class PointsPaymentTerms:
    points: Long = seen(ANYBODY_KNOWN, "So many points …")
    minor: Long = seen(ANYBODY_KNOWN, WORTH_SAYS)
    max_share_bps: BasisPointsValue = seen(ANYBODY_KNOWN, SHARE_SAYS)
    unit: Long = seen(ANYBODY_KNOWN, "Points pay in multiples of this.")


@strawberry.type(
    description="What is decided about points (积分策略): when they become available, expire, are taken back."
)
class PointsPolicy:
    version: int = seen(ANYBODY_KNOWN, "Its number; 0 for how it was before one was published.")
    published_at: Moment | None = seen(ANYBODY_KNOWN, "Since when it is or was in force; null for version 0.")
    activation: PointsActivation = seen(ANYBODY_KNOWN, "When points that a purchase earned become available.")
    expiry: PointsLifetime = seen(ANYBODY_KNOWN, "When points expire.")
    restore_grace_days: int = seen(ANYBODY_KNOWN, RESTORE_SAYS)
    release_grace_days: int = seen(ANYBODY_KNOWN, RELEASE_SAYS)
    claw_back: PointsClawBack = seen(ANYBODY_KNOWN, "What becomes of points taken back that are spent.")
    warning_days: list[int] = seen(ANYBODY_KNOWN, WARNING_SAYS)
    transfer: PointsTransferTerms = seen(ANYBODY_KNOWN, "Whether members may give points to each other.")
    payment: PointsPaymentTerms = seen(ANYBODY_KNOWN, "What points are worth as a part of the price.")
    opt_out_cooling_days: int = seen(ANYBODY_KNOWN, "How long who opted out may come back.")
    erasure_cooling_days: int = seen(ANYBODY_KNOWN, "How long an erasure may be withdrawn.")

    @classmethod
    def of(cls, told: Published) -> "PointsPolicy":
        """A version of the policy as clients see it."""
        found = told.policy
        parts = {
            "activation": _shown(PointsActivation, found.activation),
            "expiry": _shown(PointsLifetime, found.expiry),
            "claw_back": _shown(PointsClawBack, found.claw_back),
            "transfer": _shown(PointsTransferTerms, found.transfer),
            "payment": _shown(PointsPaymentTerms, found.payment),
            "published_at": told.published_at,
        }
        plain = {each.name: getattr(found, each.name) for each in fields(found) if each.name not in parts}
        return cls(**{**plain, **parts, "warning_days": [*found.warning_days]})


def _shown(kind: type[Part], part: Any) -> Part:
    """A part of the policy as clients see it."""
    told = {each.name: getattr(part, each.name) for each in fields(part)}
    return kind(**{name: [*value] if isinstance(value, tuple) else value for name, value in told.items()})


@strawberry.input(description="When points that a purchase earned become available.")
class PointsActivationInput:
    mode: ActivationMode = strawberry.field(description="What they wait for.")
    days: int | None = strawberry.field(default=None, description=DAYS_SAY)
    after_days: int | None = strawberry.field(default=None, description=AFTER_SAYS)
    cancel_after_days: int | None = strawberry.field(default=None, description=CANCEL_SAYS)
    dates: list[str] = strawberry.field(default_factory=list, description="FIXED_DATES: days of the year, `MM-DD`.")


@strawberry.input(description="When points expire.")
class PointsLifetimeInput:
    mode: ExpiryMode = strawberry.field(description="How it is reckoned.")
    count: int | None = strawberry.field(default=None, description=COUNT_SAYS)
    unit: Span = strawberry.field(default=Span.MONTH, description="ROLLING and SLIDING: of what.")
    round_up_to: RoundUp = strawberry.field(
        default=RoundUp.NONE, description="ROLLING: to what the end is rounded up."
    )
    dates: list[str] = strawberry.field(
        default_factory=list, description="CALENDAR: days of the year, `MM-DD`; the last of the points."
    )
    min_days: int = strawberry.field(default=0, description=MIN_SAYS)


@strawberry.input(description="What becomes of points that a refund takes back and that the member has spent.")
class PointsClawBackInput:
    policy: ClawBackPolicy = strawberry.field(description="What becomes of them.")
    max_debt: Long | None = strawberry.field(default=None, description=MAX_DEBT_SAYS)


@strawberry.input(description="Whether members may give points to each other.")
class PointsTransferTermsInput:
    enabled: bool = strawberry.field(description="Whether they may.")
    min_member_days: int = strawberry.field(
        default=30, description="For how many days the giver must have been a member."
    )
    per_day_count: int = strawberry.field(default=3, description="How often a day.")
    per_day_points: Long = strawberry.field(default=Long(1_000), description="How many points a day.")


@strawberry.input(description="What points are worth as a part of the price.")
class PointsPaymentTermsInput:
    points: Long = strawberry.field(description="So many points …")
    minor: Long = strawberry.field(description=WORTH_SAYS)
    max_share_bps: BasisPointsValue = strawberry.field(default=BasisPointsValue(10_000), description=SHARE_SAYS)
    unit: Long = strawberry.field(default=Long(1), description="Points pay in multiples of this.")


@strawberry.input(description="A whole policy: what is left out is as it is where none was ever published.")
class PointsPolicyPublishInput:
    expected_version: int = strawberry.field(
        description="The version in force that this one is to follow, so that nobody overwrites another's."
    )
    activation: PointsActivationInput | None = strawberry.field(
        default=None, description="When points that a purchase earned become available; at once by default."
    )
    expiry: PointsLifetimeInput | None = strawberry.field(
        default=None, description="When points expire; never by default."
    )
    restore_grace_days: int = strawberry.field(default=7, description=RESTORE_SAYS)
    release_grace_days: int = strawberry.field(default=0, description=RELEASE_SAYS)
    claw_back: PointsClawBackInput | None = strawberry.field(
        default=None, description="What becomes of points taken back that are spent; a debt by default."
    )
    warning_days: list[int] = strawberry.field(default_factory=lambda: [30, 7, 1], description=WARNING_SAYS)
    transfer: PointsTransferTermsInput | None = strawberry.field(
        default=None, description="Whether members may give points to each other; not by default."
    )
    payment: PointsPaymentTermsInput | None = strawberry.field(
        default=None, description="What points are worth as a part of the price; a minor unit each by default."
    )
    opt_out_cooling_days: int = strawberry.field(default=30, description="How long who opted out may come back.")
    erasure_cooling_days: int = strawberry.field(default=7, description="How long an erasure may be withdrawn.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


def _wanted(given: PointsPolicyPublishInput) -> policy.PointsPolicy:
    """The policy that is to be published."""
    return policy.PointsPolicy(
        activation=_part(Activation, given.activation),
        expiry=_part(Expiry, given.expiry),
        restore_grace_days=given.restore_grace_days,
        release_grace_days=given.release_grace_days,
        claw_back=_part(ClawBack, given.claw_back),
        warning_days=tuple(given.warning_days),
        transfer=_part(Transfer, given.transfer),
        payment=_part(Payment, given.payment),
        opt_out_cooling_days=given.opt_out_cooling_days,
        erasure_cooling_days=given.erasure_cooling_days,
    )


def _part(kind: type[Part], given: Any) -> Part:
    """A part of the policy, as it was given; as it always was where nothing was."""
    if given is None:
        return kind()
    told = {each.name: getattr(given, each.name) for each in fields(given)}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in told.items()})


@strawberry.type(description="What became of a policy that was to be published.")
class PointsPolicyPayload:
    points_policy: PointsPolicy | None = seen(LEADS, "The policy in force now; null when refused.", default=None)
    user_errors: list[UserError] = seen(LEADS, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type
class PolicyQuery:
    """What may be asked of the points policy."""

    @asked(ANYBODY_KNOWN, "What is decided about points: the policy in force, or the version asked for.")
    async def points_policy(
        self,
        info: Info,
        version: Annotated[
            int | None, strawberry.argument(description="Which version; the one in force by default.")
        ] = None,
    ) -> PointsPolicy | None:
        """A version of the policy."""
        terms = await info.context.reference.terms()
        if version is None:
            version = terms.policy.version
        if version == 0:
            return PointsPolicy.of(Published(terms.unpublished))
        try:
            return PointsPolicy.of(await policy.of_version(version))
        except NotFound:
            return None


@strawberry.type
class PolicyMutation:
    """What may be done with the points policy."""

    @command(
        LEADS,
        "Put a whole points policy into force, at once. What was issued before keeps to the version it came under.",
        PointsPolicyPayload,
        policy.publish,
    )
    async def points_policy_publish(
        self, info: Info, input: PointsPolicyPublishInput
    ) -> PointsPolicyPayload | None:
        """Publish a policy."""
        context = info.context
        made = await policy.publish(
            _wanted(input),
            expected_version=input.expected_version,
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        context.reference.forget()
        return PointsPolicyPayload(points_policy=PointsPolicy.of(await policy.of_version(made.version)))
