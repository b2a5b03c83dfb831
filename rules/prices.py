"""Prices: what goods cost whoever has something off."""

from collections.abc import Sequence

from models.units import WHOLE, BasisPoints, Minor


def split(whole: int, parts: Sequence[int]) -> list[int]:
    """A whole split over parts by their size, by largest remainder, ties to the part that comes first.

    So all shares together are the whole; nothing has a share where all parts are nothing.
    """
    size = sum(parts)
    if not whole or not size:
        return [0] * len(parts)
    shares = [whole * each // size for each in parts]
    order = sorted(range(len(parts)), key=lambda place: (-(whole * parts[place] % size), place))
    for place in order[: whole - sum(shares)]:
        shares[place] += 1
    return shares


def part_of(amount: Minor, bps: BasisPoints) -> Minor:
    """So many basis points of an amount, half-up to the minor unit."""
    return Minor((2 * amount * bps + WHOLE) // (2 * WHOLE))


def member_prices(lines: Sequence[Minor], off_bps: BasisPoints) -> tuple[Minor, ...]:
    """What each line costs when so much is off: rounded once, of the whole, and split over the lines."""
    off = split(part_of(Minor(sum(lines)), off_bps), lines)
    return tuple(Minor(each - less) for each, less in zip(lines, off, strict=True))
