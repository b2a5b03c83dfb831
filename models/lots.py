"""Lots in SQL: what time alone has made of them, whoever has written it or not."""

SLID = "({account}.slid ->> {lot}.slides)::timestamptz"
"""Until when a lot that slides lives by its member's last activity."""


def over(lot: str, account: str, now: str) -> str:
    """Whether a lot has expired by a moment."""
    until = SLID.format(lot=lot, account=account)
    return f"{lot}.expires_at <= {now} AND ({lot}.slides IS NULL OR {until} <= {now})"


def ends(lot: str, account: str) -> str:
    """When a lot expires."""
    until = SLID.format(lot=lot, account=account)
    longer = f"{lot}.slides IS NULL OR {lot}.expires_at > {until}"
    return f"CASE WHEN {longer} THEN {lot}.expires_at ELSE {until} END"


def ripe(lot: str, now: str) -> str:
    """Whether a pending lot has become available by a moment, or is cancelled."""
    waits = f"NOT {lot}.active AND {lot}.waits_for IS NOT NULL AND {lot}.remaining > 0"
    return f"{waits} AND ({lot}.cancels_at <= {now} OR ({lot}.activates_at <= {now} AND {lot}.thaws IS NOT TRUE))"
