"""Tiers as a client sees them: the ladder, a member's place on it, what it gives them and what is to come."""

from schema.tiers._foreseen import FORESEES, ForeseenTier, TierPreview, foreseen_tier
from schema.tiers._history import TierStep
from schema.tiers._ladder import Benefit, Ladder, Node, Tier, benefits_of, ladder, tier_of_code
from schema.tiers._progress import STANDING, Standing, TierProgress, progress_of, rungs_of, tier_of

__all__ = [
    "FORESEES",
    "STANDING",
    "Benefit",
    "ForeseenTier",
    "Ladder",
    "Node",
    "Standing",
    "Tier",
    "TierPreview",
    "TierProgress",
    "TierStep",
    "benefits_of",
    "foreseen_tier",
    "ladder",
    "progress_of",
    "rungs_of",
    "tier_of",
    "tier_of_code",
]
