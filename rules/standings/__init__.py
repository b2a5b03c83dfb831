"""Standings: where a member stands on the ladder by every source, and what time alone makes of it.

A standing is decided in memory, as a book of points is. Whoever only reads brings a copy up to the moment and
throws it away; `rules.tiers` writes what it came to.
"""

from rules.standings._advancing import advance, recover, rise
from rules.standings._measuring import BEGINNING, END, alone, count_together, counted, measure, those_they_were
from rules.standings._paying import best, bring_paid, paid_for
from rules.standings._reading import read, reckoned, reckoned_all
from rules.standings._standing import COLUMNS, Asked, Overlay, Paid, Standing, Step, of_row, stored

__all__ = [
    "BEGINNING",
    "COLUMNS",
    "END",
    "Asked",
    "Overlay",
    "Paid",
    "Standing",
    "Step",
    "advance",
    "alone",
    "best",
    "bring_paid",
    "count_together",
    "counted",
    "measure",
    "of_row",
    "paid_for",
    "read",
    "reckoned",
    "reckoned_all",
    "recover",
    "rise",
    "stored",
    "those_they_were",
]
