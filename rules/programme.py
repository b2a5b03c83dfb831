"""The programme: its terms, set up once and read by every rule."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from models.programme import Programme
from models.sql import SQL, insert
from models.tiers import Tier
from models.units import BALANCE_MAX, Growth, Minor, Points
from rules.calendar import add_months, is_zone, local_day, local_midnight
from rules.policy import Expiry, ExpiryMode, Life, PointsPolicy, end_of, expires, life, parsed
from rules.refusals import Refusal
from rules.schemes import FIRST, MULTIPLIER_MAX, Rung, Scheme, TierSchemeInvalid, check_ladder
from rules.schemes import read as read_scheme
from rules.transactions import transaction

__all__ = [
    "MULTIPLIER_MAX",
    "NAME_MAX",
    "NoProgramme",
    "ProgrammeExists",
    "ProgrammeTermsInvalid",
    "Rung",
    "Terms",
    "TierSchemeInvalid",
    "add_months",
    "bound_adjustments",
    "check_ladder",
    "check_terms",
    "local_midnight",
    "set_up",
    "terms",
    "told",
]

NAME_MAX = 80
EXPIRE_MONTHS_MAX = 120
GRACE_DAYS_MAX = 366


@dataclass(eq=False)
class ProgrammeExists(Refusal):
    """This database already holds a programme with other terms."""

    zh = "该数据库已设置了其他条款的计划。"


@dataclass(eq=False)
class ProgrammeTermsInvalid(Refusal):
    """These terms cannot be those of a programme."""

    zh = "计划条款无效。"
    why: str


@dataclass(frozen=True, slots=True)
class Terms:
    """The programme's terms at this moment."""

    name: str
    currency: str
    timezone: str
    earn_points: int
    earn_minor: int
    expire_months: int | None
    restore_grace_days: int
    ladder: tuple[Rung, ...] = ()
    scheme: Scheme = FIRST
    """How the tiers of the ladder are won, held and lost."""
    adjust_proof_above: Points | None = None
    """Adjusting more than this by hand asks staff to prove themselves anew; None means never."""
    adjust_approval_above: Points | None = None
    """Adjusting more than this by hand asks for a second person; None means never."""
    published: PointsPolicy | None = None
    """The points policy in force; None while none was ever published."""
    policy: PointsPolicy = field(init=False, compare=False)
    """The policy in force, or what the terms say by themselves."""
    rungs: Mapping[UUID, Rung] = field(init=False, compare=False, repr=False)
    """The ladder by its ids."""

    def __post_init__(self) -> None:
        """Find the policy and the rungs."""
        object.__setattr__(self, "policy", self.published or self.unpublished)
        object.__setattr__(self, "rungs", {rung.id: rung for rung in self.ladder})

    @property
    def unpublished(self) -> PointsPolicy:
        """What the terms say while no policy was published."""
        expiry = Expiry()
        if self.expire_months is not None:
            expiry = Expiry(ExpiryMode.ROLLING, self.expire_months)
        return PointsPolicy(expiry=expiry, restore_grace_days=self.restore_grace_days)

    def base_points(self, eligible: Minor) -> Points:
        """What an order earns before any bonus: floor(eligible * points / minor), per order."""
        return Points(eligible * self.earn_points // self.earn_minor)

    def rung(self, tier_id: UUID) -> Rung:
        """The rung with that id."""
        return self.rungs[tier_id]

    def find(self, tier_id: UUID | None) -> Rung | None:
        """The rung with that id; None where there is none, or none any more."""
        return None if tier_id is None else self.rungs.get(tier_id)

    def rung_for(self, growth: Growth) -> Rung:
        """The highest rung whose threshold the growth value meets."""
        return next(rung for rung in reversed(self.ladder) if rung.threshold <= growth)

    def life(self, at: datetime, *, waits: bool = False, frozen: bool = False) -> Life:
        """How points live that come at a moment; `waits` where the policy's activation counts for them."""
        return life(self.policy, at, self.timezone, waits=waits, frozen=frozen)

    def expiry(self, earned_at: datetime) -> datetime | None:
        """The first moment points that became available then are worth nothing; None when they never expire."""
        return expires(self.policy.expiry, earned_at, self.timezone)

    def grace(self, now: datetime) -> datetime:
        """The expiry of points returned to a lot that is gone. A grace of no days is over at once."""
        days = self.policy.restore_grace_days
        return end_of(self.local_day(now), self.timezone, later=days) if days else now

    def release_grace(self, until: datetime) -> datetime | None:
        """Until when points live that a hold up to a moment releases after they have expired; None: they do not."""
        days = self.policy.release_grace_days
        return end_of(self.local_day(until), self.timezone, later=days) if days else None

    def local_day(self, moment: datetime) -> date:
        """The programme's day of a moment."""
        return local_day(moment, self.timezone)

    def midnight_after(self, day: date) -> datetime:
        """The end of a programme's day, in UTC: the first moment that is no longer that day."""
        return local_midnight(day + timedelta(days=1), self.timezone)


TERMS = SQL(
    "SELECT p.name AS programme, p.currency, p.timezone, p.earn_points, p.earn_minor, p.expire_months,"
    " p.restore_grace_days, p.adjust_proof_points, p.adjust_approval_points, p.points_policy, t.id, t.code,"
    " t.name, t.rank, t.threshold, t.earn_multiplier_bps, t.redeem_limit_points,"
    " CASE WHEN t.rank = 0 THEN p.tier_scheme END AS tier_scheme FROM programme p CROSS JOIN tier t ORDER BY t.rank"
)


_OF_PROGRAMME = (
    *("name", "currency", "timezone", "earn_points", "earn_minor", "expire_months", "restore_grace_days"),
    *("adjust_proof_points", "adjust_approval_points", "points_policy", "tier_scheme"),
)
_OF_TIER = ("id", "code", "name", "rank", "threshold", "earn_multiplier_bps", "redeem_limit_points")
_PROGRAMME = ", ".join(f"p.{name}" for name in _OF_PROGRAMME)
_TIER = ", ".join(f"t.{name}" for name in _OF_TIER)

AS_JSON = (
    f"(SELECT json_build_array({_PROGRAMME}, (SELECT json_agg(json_build_array({_TIER}) ORDER BY t.rank)"  # noqa: S608
    " FROM tier t))::text FROM programme p)"
)
"""The same as one value, for a statement that reads more besides: see `told`. Every command reads it, so it repeats
no names and nothing of the programme for each tier."""

AS_JSON_ON_SQLITE = (
    f"(SELECT json_array({_PROGRAMME}, (SELECT json_group_array(json(x.tier)) FROM"  # noqa: S608  names of columns
    f" (SELECT json_array({_TIER}) AS tier FROM tier t ORDER BY t.rank) x)) FROM programme p)"
)


class NoProgramme(Exception):  # noqa: N818  a fault of the set-up, not of a caller
    """This database holds no programme yet. Set one up with `loyalty init`."""


async def terms() -> Terms:
    """The programme's terms and ladder, lowest rung first, in one read.

    Raises: NoProgramme.
    """
    return _terms(await TERMS.rows())


@lru_cache(maxsize=16)
def told(json: str | None) -> Terms:
    """The terms that a statement answered as JSON. The same text is the same terms, whoever read it.

    Raises: NoProgramme.
    """
    *found, ladder = orjson.loads(json or "[null]")
    known = dict(zip(_OF_PROGRAMME, found, strict=False))
    rows = [dict(zip(_OF_TIER, rung, strict=True)) for rung in ladder or ()]
    return _terms([{**known, "programme": known["name"], **row, "id": UUID(row["id"])} for row in rows])


def _terms(rows: list[dict[str, Any]]) -> Terms:
    if not rows:
        raise NoProgramme(NoProgramme.__doc__)
    first = rows[0]
    scheme, ladder = _tiers(first["tier_scheme"], tuple(_rung(row) for row in rows))
    return Terms(
        name=first["programme"],
        currency=first["currency"],
        timezone=first["timezone"],
        earn_points=first["earn_points"],
        earn_minor=first["earn_minor"],
        expire_months=first["expire_months"],
        restore_grace_days=first["restore_grace_days"],
        ladder=ladder,
        scheme=scheme,
        adjust_proof_above=first["adjust_proof_points"],
        adjust_approval_above=first["adjust_approval_points"],
        published=None if first["points_policy"] is None else parsed(first["points_policy"]),
    )


def _rung(row: dict[str, Any]) -> Rung:
    return Rung(
        id=row["id"],
        code=row["code"],
        name=row["name"],
        rank=row["rank"],
        threshold=row["threshold"],
        earn_multiplier_bps=row["earn_multiplier_bps"],
        redeem_limit_points=row["redeem_limit_points"],
    )


def _tiers(published: str | None, stored: tuple[Rung, ...]) -> tuple[Scheme, tuple[Rung, ...]]:
    """The scheme that was published last, and its tiers by their ids; without one, the tiers as they are stored."""
    if published is None:
        return FIRST, stored
    scheme, ladder = read_scheme(orjson.loads(published))
    ids = {rung.code: rung.id for rung in stored}
    return scheme, tuple(replace(rung, id=ids[rung.code]) for rung in ladder)


def check_terms(terms: Terms) -> None:
    """Refuse terms no programme can have.

    Raises: ProgrammeTermsInvalid, TierSchemeInvalid, TierThresholdOrder.
    """
    if not is_zone(terms.timezone):
        raise ProgrammeTermsInvalid(f"{terms.timezone!r} is no IANA time zone.")
    if not (len(terms.currency) == 3 and terms.currency.isascii() and terms.currency.isupper()):  # noqa: PLR2004
        raise ProgrammeTermsInvalid(f"{terms.currency!r} is no ISO 4217 currency code.")
    if not (0 <= terms.earn_points <= BALANCE_MAX and 0 < terms.earn_minor <= BALANCE_MAX):
        raise ProgrammeTermsInvalid("The earn rate is points per minor units: 1/100.")
    if not 0 < len(terms.name) <= NAME_MAX:
        raise ProgrammeTermsInvalid(f"A programme's name has 1 to {NAME_MAX} characters.")
    if terms.expire_months is not None and not 1 <= terms.expire_months <= EXPIRE_MONTHS_MAX:
        raise ProgrammeTermsInvalid(f"Points expire after 1 to {EXPIRE_MONTHS_MAX} months, or never.")
    if not 0 <= terms.restore_grace_days <= GRACE_DAYS_MAX:
        raise ProgrammeTermsInvalid(f"A grace is of 0 to {GRACE_DAYS_MAX} days.")
    check_bounds(terms.adjust_proof_above, terms.adjust_approval_above)
    check_ladder(terms.ladder)


def check_bounds(*bounds: Points | None) -> None:
    """Refuse bounds on adjustments that no adjustment can be compared with.

    Raises: ProgrammeTermsInvalid.
    """
    if any(bound is not None and not 0 <= bound <= BALANCE_MAX for bound in bounds):
        raise ProgrammeTermsInvalid(f"A bound on adjustments is of 0 to {BALANCE_MAX} points, or never.")


@transaction
async def set_up(wanted: Terms, *, key_check: str, now: datetime) -> bool:
    """Give an empty database its programme. The same terms again change nothing, and answer False.

    The bounds on adjustments are no part of what must be the same: they may be changed, by `bound_adjustments`.

    Raises: ProgrammeTermsInvalid, TierSchemeInvalid, TierThresholdOrder, ProgrammeExists.
    """
    check_terms(wanted)
    if await Programme.exists():
        if _comparable(await terms()) != _comparable(wanted):
            raise ProgrammeExists
        return False
    row = {
        "one": 1,
        "name": wanted.name,
        "currency": wanted.currency,
        "timezone": wanted.timezone,
        "earn_points": wanted.earn_points,
        "earn_minor": wanted.earn_minor,
        "expire_months": wanted.expire_months,
        "restore_grace_days": wanted.restore_grace_days,
        "adjust_proof_points": wanted.adjust_proof_above,
        "adjust_approval_points": wanted.adjust_approval_above,
        "key_check": key_check,
        "created_at": now,
    }
    await insert(Programme, [row])
    await insert(Tier, [_tier_row(rank, rung) for rank, rung in enumerate(wanted.ladder)])
    return True


BOUND = SQL(
    "UPDATE programme SET adjust_proof_points = $1, adjust_approval_points = $2 WHERE one = 1 RETURNING one"
)


@transaction
async def bound_adjustments(proof_above: Points | None, approval_above: Points | None) -> None:
    """Set above how many points an adjustment asks for a fresh proof, and for a second person; None means never.

    Raises: ProgrammeTermsInvalid.
    """
    check_bounds(proof_above, approval_above)
    if await BOUND.row(proof_above, approval_above) is None:
        raise NoProgramme(NoProgramme.__doc__)


def _tier_row(rank: int, rung: Rung) -> dict[str, object]:
    return {
        "code": rung.code,
        "name": rung.name,
        "rank": rank,
        "threshold": rung.threshold,
        "earn_multiplier_bps": rung.earn_multiplier_bps,
        "redeem_limit_points": rung.redeem_limit_points,
    }


def _comparable(terms: Terms) -> tuple[object, ...]:
    """What makes two sets of terms the same."""
    ladder = [_tier_row(rank, rung) for rank, rung in enumerate(terms.ladder)]
    return (
        terms.name,
        terms.currency,
        terms.timezone,
        Fraction(terms.earn_points, terms.earn_minor),
        terms.expire_months,
        terms.restore_grace_days,
        ladder,
    )
