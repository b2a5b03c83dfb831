"""The policy as a value: its parts, what each may be, and how it is read from JSON and written as JSON."""

from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson

from models.units import BALANCE_MAX, WHOLE, BasisPoints, Minor, Points
from rules.calendar import is_day_of_year
from rules.refusals import Refusal

Part = TypeVar("Part")

DAYS_MAX = 365
GRACE_DAYS_MAX = 366
SPAN_MAX = {"DAY": 3_650, "MONTH": 120, "YEAR": 10}
DATES_MAX = 24
WARNINGS_MAX = 5
UNLIMITED = Points(10**12)


@dataclass(eq=False)
class PointsPolicyInvalid(Refusal):
    """This cannot be a policy for points."""

    zh = "积分策略无效。"
    why: str


class PolicyUnreadable(ValueError):  # noqa: N818  a mistake in a file
    """This is not written as a policy is."""


class ActivationMode(StrEnum):
    """When earned points become available."""

    IMMEDIATE = "IMMEDIATE"
    AFTER_DAYS = "AFTER_DAYS"
    ON_COMPLETION = "ON_COMPLETION"
    FIXED_DATES = "FIXED_DATES"


class ExpiryMode(StrEnum):
    """How it is reckoned when points expire."""

    NEVER = "NEVER"
    ROLLING = "ROLLING"
    CALENDAR = "CALENDAR"
    SLIDING = "SLIDING"


class Span(StrEnum):
    """What a lifetime is counted in."""

    DAY = "DAY"
    MONTH = "MONTH"
    YEAR = "YEAR"


class RoundUp(StrEnum):
    """To the end of what a lifetime is rounded up."""

    NONE = "NONE"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


class ClawBackPolicy(StrEnum):
    """What becomes of points a refund takes back that the member has spent."""

    DEBT = "DEBT"
    CLAMP = "CLAMP"
    PENDING_ONLY = "PENDING_ONLY"


@dataclass(frozen=True, slots=True)
class Activation:
    """When points that a purchase earned become available."""

    mode: ActivationMode = ActivationMode.IMMEDIATE
    days: int | None = None
    """AFTER_DAYS: at the end of that many days after the day of payment."""
    after_days: int | None = None
    """ON_COMPLETION: without completion, at the end of that many days after the day of payment."""
    cancel_after_days: int | None = None
    """ON_COMPLETION: without completion, the points are cancelled at the end of that many days."""
    dates: tuple[str, ...] = ()
    """FIXED_DATES: days of the year, MM-DD. The next one to begin counts."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """When points expire, reckoned from the day on which they became available."""

    mode: ExpiryMode = ExpiryMode.NEVER
    count: int | None = None
    """ROLLING and SLIDING: how many days, months or years."""
    unit: Span = Span.MONTH
    round_up_to: RoundUp = RoundUp.NONE
    """ROLLING: the end of the month, quarter or year in which the lifetime ends."""
    dates: tuple[str, ...] = ()
    """CALENDAR: days of the year, MM-DD. The last day of the points is the next of them."""
    min_days: int = 0
    """CALENDAR: the points live at least so many days."""


@dataclass(frozen=True, slots=True)
class ClawBack:
    """What becomes of points that a refund takes back and that are not there any more."""

    policy: ClawBackPolicy = ClawBackPolicy.DEBT
    max_debt: Points | None = None
    """DEBT: how much a member may owe; beyond it the programme bears the loss. None is without limit."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Whether members may give points to each other, and how many."""

    enabled: bool = False
    min_member_days: int = 30
    per_day_count: int = 3
    per_day_points: Points = Points(1_000)  # noqa: RUF009  an int


@dataclass(frozen=True, slots=True)
class Payment:
    """What points are worth as a part of the price: so many points stand for so many minor units."""

    points: Points = Points(1)  # noqa: RUF009  an int
    minor: Minor = Minor(1)  # noqa: RUF009  an int
    max_share_bps: BasisPoints = WHOLE
    """The most of an order that points may pay."""
    unit: Points = Points(1)  # noqa: RUF009  an int
    """Points pay in multiples of this."""


@dataclass(frozen=True, slots=True)
class PointsPolicy:
    """All that is decided about points as data. What was issued under a version keeps to it."""

    version: int = 0
    """0 while none was ever published."""
    activation: Activation = field(default_factory=Activation)
    expiry: Expiry = field(default_factory=Expiry)
    restore_grace_days: int = 7
    """How long points live that are returned to a lot that has expired; 0: they are forfeit."""
    release_grace_days: int = 0
    """How long points live that are released by a hold and have expired meanwhile; 0: they are forfeit."""
    claw_back: ClawBack = field(default_factory=ClawBack)
    warning_days: tuple[int, ...] = (30, 7, 1)
    """How many days before points expire a member is told."""
    transfer: Transfer = field(default_factory=Transfer)
    payment: Payment = field(default_factory=Payment)
    opt_out_cooling_days: int = 30
    erasure_cooling_days: int = 7


def check(policy: PointsPolicy) -> None:
    """Refuse a policy that no points can follow.

    Raises: PointsPolicyInvalid.
    """
    _check_activation(policy.activation)
    _check_expiry(policy.expiry)
    _between("restoreGraceDays", policy.restore_grace_days, 0, GRACE_DAYS_MAX)
    _between("releaseGraceDays", policy.release_grace_days, 0, GRACE_DAYS_MAX)
    owed = policy.claw_back
    if owed.max_debt is not None:
        _between("clawBack.maxDebt", owed.max_debt, 0, BALANCE_MAX)
        _refuse_if(owed.policy is not ClawBackPolicy.DEBT, "`clawBack.maxDebt` is for the policy DEBT.")
    _refuse_if(len(policy.warning_days) > WARNINGS_MAX, f"`warningDays` has {WARNINGS_MAX} entries at most.")
    _refuse_if(len(set(policy.warning_days)) < len(policy.warning_days), "`warningDays` names each day once.")
    for days in policy.warning_days:
        _between("warningDays", days, 1, DAYS_MAX)
    _between("transfer.minMemberDays", policy.transfer.min_member_days, 0, 3_650)
    _between("transfer.perDayCount", policy.transfer.per_day_count, 1, 1_000)
    _between("transfer.perDayPoints", policy.transfer.per_day_points, 1, BALANCE_MAX)
    paid = policy.payment
    for name, value in (("points", paid.points), ("minor", paid.minor), ("unit", paid.unit)):
        _between(f"payment.{name}", value, 1, 10**9)
    _between("payment.maxShareBps", paid.max_share_bps, 0, WHOLE)
    _between("optOutCoolingDays", policy.opt_out_cooling_days, 0, GRACE_DAYS_MAX)
    _between("erasureCoolingDays", policy.erasure_cooling_days, 0, GRACE_DAYS_MAX)


def _check_activation(wanted: Activation) -> None:
    """Raises: PointsPolicyInvalid."""
    mode, where = wanted.mode, "activation"
    _only(where, "days", wanted.days, mode is ActivationMode.AFTER_DAYS)
    _only(where, "afterDays", wanted.after_days, mode is ActivationMode.ON_COMPLETION, needed=False)
    _only(where, "cancelAfterDays", wanted.cancel_after_days, mode is ActivationMode.ON_COMPLETION, needed=False)
    for days in (wanted.days, wanted.after_days, wanted.cancel_after_days):
        if days is not None:
            _between(f"{where} days", days, 1, DAYS_MAX)
    both = wanted.after_days is not None and wanted.cancel_after_days is not None
    _refuse_if(both, "`activation` has `afterDays` or `cancelAfterDays`: points cannot become both at the end.")
    _check_dates(where, wanted.dates, mode is ActivationMode.FIXED_DATES)


def _check_expiry(wanted: Expiry) -> None:
    """Raises: PointsPolicyInvalid."""
    mode, where = wanted.mode, "expiry"
    _only(where, "count", wanted.count, mode in (ExpiryMode.ROLLING, ExpiryMode.SLIDING))
    if wanted.count is not None:
        _between(f"{where}.count", wanted.count, 1, SPAN_MAX[wanted.unit])
    rounds = wanted.round_up_to is not RoundUp.NONE
    _refuse_if(rounds and mode is not ExpiryMode.ROLLING, "`expiry.roundUpTo` is for the mode ROLLING.")
    _check_dates(where, wanted.dates, mode is ExpiryMode.CALENDAR)
    _refuse_if(bool(wanted.min_days) and mode is not ExpiryMode.CALENDAR, "`expiry.minDays` is for CALENDAR.")
    _between(f"{where}.minDays", wanted.min_days, 0, DAYS_MAX)


def _check_dates(where: str, dates: tuple[str, ...], wanted: bool) -> None:  # noqa: FBT001  reads as a sentence
    """Raises: PointsPolicyInvalid."""
    _refuse_if(bool(dates) != wanted, f"`{where}.dates` belongs to its mode of dates, and that one needs it.")
    _refuse_if(len(dates) > DATES_MAX, f"`{where}.dates` has {DATES_MAX} days at most.")
    _refuse_if(not all(is_day_of_year(each) for each in dates), f"`{where}.dates` are days written MM-DD.")
    _refuse_if(len(set(dates)) < len(dates), f"`{where}.dates` names each day once.")


def _only(
    where: str,
    name: str,
    value: int | None,
    wanted: bool,  # noqa: FBT001  reads as a sentence
    *,
    needed: bool = True,
) -> None:
    """Raises: PointsPolicyInvalid."""
    _refuse_if(value is not None and not wanted, f"`{where}.{name}` is not for this mode.")
    _refuse_if(value is None and wanted and needed, f"`{where}.{name}` is missing.")


def _between(name: str, value: int, low: int, high: int) -> None:
    """Raises: PointsPolicyInvalid."""
    _refuse_if(not low <= value <= high, f"`{name}` is between {low} and {high}.")


def _refuse_if(wrong: bool, why: str) -> None:  # noqa: FBT001  reads as a sentence
    """Raises: PointsPolicyInvalid."""
    if wrong:
        raise PointsPolicyInvalid(why)


@lru_cache(maxsize=64)
def parsed(text: str) -> PointsPolicy:
    """The policy that was stored as this text. The same text is the same policy."""
    return read(PointsPolicy, orjson.loads(text))


def plain(value: Any) -> Any:
    """A policy, a campaign, or a part of one, as JSON has it: names in camelCase. What `read` reads."""
    if is_dataclass(value):
        return {camel(each.name): plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value


def camel(name: str) -> str:
    """A name as JSON has it: `hold_days` is `holdDays`."""
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)


def read(kind: type[Part], given: Any, where: str = "") -> Part:
    """A policy, or a part of one, from what a file or a row says. What is left out is as it always was.

    Raises: PolicyUnreadable.
    """
    if not isinstance(given, dict):
        raise PolicyUnreadable(f"`{where or 'policy'}` is an object.")
    hints = get_type_hints(kind)
    names = {camel(name): name for name in hints}
    if unknown := sorted(str(name) for name in given.keys() - names.keys()):
        raise PolicyUnreadable(f"`{where}{unknown[0]}` is unknown.")
    told = {names[name]: _value(hints[names[name]], each, f"{where}{name}") for name, each in given.items()}
    return kind(**told)


def _value(kind: Any, given: Any, where: str) -> Any:
    """One value of a policy. Raises: PolicyUnreadable."""
    if get_origin(kind) in (Union, UnionType):
        if given is None:
            return None
        [kind] = [each for each in get_args(kind) if each is not type(None)]
    if get_origin(kind) is tuple:
        _stop_if(not isinstance(given, list), f"`{where}` is a list.")
        return tuple(_value(get_args(kind)[0], each, where) for each in given)
    kind = getattr(kind, "__supertype__", kind)
    if is_dataclass(kind):
        return read(kind, given, f"{where}.")  # type: ignore[arg-type]
    if issubclass(kind, StrEnum):
        _stop_if(given not in [*kind], f"`{where}` is one of {', '.join(kind)}.")
        return kind(given)
    # a bool is an int, and no number of anything
    _stop_if(type(given) is not kind, f"`{where}` is a value of another kind.")
    return given


def _stop_if(wrong: bool, why: str) -> None:  # noqa: FBT001  reads as a sentence
    """Raises: PolicyUnreadable."""
    if wrong:
        raise PolicyUnreadable(why)
