"""The programme as a client sees it."""

import strawberry

from models.units import Money
from rules.programme import Terms
from schema.context import Info
from schema.permissions import PUBLIC, STAFF, asked, seen
from schema.scalars import CurrencyCode, Long
from schema.tiers import Tier, ladder


@strawberry.type(description="The terms of the programme this endpoint serves.")
class Programme:
    name: str = seen(PUBLIC, "The programme's name.")
    currency: CurrencyCode = seen(PUBLIC, "The one currency purchases are in.")
    timezone: str = seen(PUBLIC, "IANA name of the zone in which days and months are reckoned.")
    earn_points: Long = seen(PUBLIC, "A purchase earns this many points …")
    earn_per_minor: Long = seen(PUBLIC, "… for each so many minor units paid, rounded down per order.")
    expire_months: int | None = seen(PUBLIC, "After how many months points expire; null means never.")
    adjust_proof_above: Long | None = seen(
        STAFF, "Adjusting more points than this by hand asks for a fresh proof; null means never."
    )
    adjust_approval_above: Long | None = seen(
        STAFF, "Adjusting more points than this by hand asks for a second person; null means never."
    )

    @classmethod
    def of(cls, terms: Terms) -> "Programme":
        """The terms as a client sees them."""
        return cls(
            name=terms.name,
            currency=CurrencyCode(terms.currency),
            timezone=terms.timezone,
            earn_points=Long(terms.earn_points),
            earn_per_minor=Long(terms.earn_minor),
            expire_months=terms.expire_months,
            adjust_proof_above=None if terms.adjust_proof_above is None else Long(terms.adjust_proof_above),
            adjust_approval_above=(
                None if terms.adjust_approval_above is None else Long(terms.adjust_approval_above)
            ),
        )


@strawberry.type(name="Money", description="An amount of money.")
class MoneyType:
    amount_minor: Long = seen(PUBLIC, "The amount in minor units: 分, pence, cents.")
    currency: CurrencyCode = seen(PUBLIC, "Its currency.")

    @classmethod
    def of(cls, money: Money) -> "MoneyType":
        """The amount as a client sees it."""
        return cls(amount_minor=Long(money.amount_minor), currency=CurrencyCode(money.currency))


@strawberry.type
class ProgrammeQuery:
    """What may be asked of the programme."""

    @asked(PUBLIC, "The programme's terms.")
    async def programme(self, info: Info) -> Programme | None:
        """The terms."""
        return await info.context.reference.made(Programme.of)

    @asked(PUBLIC, "The ladder of tiers, lowest first.")
    async def tiers(self, info: Info) -> list[Tier] | None:
        """The ladder."""
        return (await ladder(info.context)).tiers
