"""The programme: what is in force is what was published last."""

from models.invariants._invariant import Invariant

PROGRAMME = (
    Invariant(
        "policy in force",
        "The points policy in force is the newest that was published.",
        "SELECT p.one FROM programme p LEFT JOIN points_policy v ON v.version = p.points_policy_version"
        " WHERE COALESCE(p.points_policy_version, 0) <> (SELECT COALESCE(MAX(version), 0) FROM points_policy)"
        " OR COALESCE(p.points_policy, '') <> COALESCE(v.policy, '')",
    ),
)
