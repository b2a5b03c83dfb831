"""Lines of orders, as clients send them."""

from collections.abc import Sequence

import strawberry

from models.units import Minor, is_plain
from rules.purchases import OrderLine
from schema.errors import bad_input
from schema.scalars import Long

REF_MAX, SHORT_MAX, NAME_MAX = 100, 64, 200
"""How long an order's reference, a line's, and an article's name may be."""


@strawberry.input(description="One line of an order.")
class PurchaseLineInput:
    line_ref: str = strawberry.field(description="Your reference of the line, unique in the order.")
    quantity: int = strawberry.field(description="How many, above 0.")
    paid_minor: Long = strawberry.field(
        description="What was paid for the whole line after discounts, in minor units; 0 or more."
    )
    sku: str | None = strawberry.field(default=None, description="The article, as you number it.")
    name: str | None = strawberry.field(default=None, description="The article's name.")
    categories: list[str] = strawberry.field(
        default_factory=list, description="What you count the article among, 10 at most; earn rules may look at it."
    )


def ref(text: str, name: str, most: int = REF_MAX) -> str:
    """A reference of the shop's, as it may be stored."""
    kept = text.strip()
    if not (0 < len(kept) <= most and is_plain(kept)):
        raise bad_input(f"`{name}` has 1 to {most} characters, and no control characters.")
    return kept


def lines_in(told: Sequence[PurchaseLineInput]) -> tuple[OrderLine, ...]:
    """The lines as the rules read them."""
    return tuple(
        OrderLine(
            line_ref=ref(line.line_ref, "lineRef", SHORT_MAX),
            quantity=line.quantity,
            paid_minor=Minor(line.paid_minor),
            sku=line.sku and ref(line.sku, "sku", SHORT_MAX),
            name=line.name and ref(line.name, "name", NAME_MAX),
            categories=tuple(dict.fromkeys(ref(each, "categories", SHORT_MAX) for each in line.categories)),
        )
        for line in told
    )
