"""Gifts: points that a tier gives once, to whoever rises to it and to whoever's birthday it is."""

from rules.gifts._birthdays import Celebrated, CelebrationIncomplete, celebrate, celebrate_all, congratulate
from rules.gifts._giving import GIFTS, given_to, giver
from rules.gifts._upgrades import give, grant

__all__ = [
    "GIFTS",
    "Celebrated",
    "CelebrationIncomplete",
    "celebrate",
    "celebrate_all",
    "congratulate",
    "give",
    "given_to",
    "giver",
    "grant",
]
