"""Webhooks: events are told to endpoints over HTTP, each at least once, signed, and with patience.

What is decided and kept is here. The courier, who goes out, is api/courier.py.
"""

from rules.webhooks._addresses import (
    Address,
    Target,
    WebhookUrlRefused,
    check_address,
    read_address,
    target,
)
from rules.webhooks._contents import contents
from rules.webhooks._deliveries import (
    ATTEMPTS,
    FAILING_FOR,
    LEASE,
    TEST,
    WAITS,
    Backlog,
    Outcome,
    Parcel,
    backlog,
    claim,
    due,
    give_up,
    name_of,
    report,
    send_test,
    spread,
    wait,
)
from rules.webhooks._endpoints import (
    FOR_PARTNERS,
    Added,
    Change,
    WebhookInvalid,
    WebhookLimit,
    Wish,
    add,
    change,
    delete,
    kept_to,
    recalled,
    rotate,
)
from rules.webhooks._partners import lost, tell
from rules.webhooks._replays import ReplayTooFar, replay, replay_since
from rules.webhooks._signing import Secret, headers
from rules.webhooks._sweeping import sweep

__all__ = [
    "ATTEMPTS",
    "FAILING_FOR",
    "FOR_PARTNERS",
    "LEASE",
    "TEST",
    "WAITS",
    "Added",
    "Address",
    "Backlog",
    "Change",
    "Outcome",
    "Parcel",
    "ReplayTooFar",
    "Secret",
    "Target",
    "WebhookInvalid",
    "WebhookLimit",
    "WebhookUrlRefused",
    "Wish",
    "add",
    "backlog",
    "change",
    "check_address",
    "claim",
    "contents",
    "delete",
    "due",
    "give_up",
    "headers",
    "kept_to",
    "lost",
    "name_of",
    "read_address",
    "recalled",
    "replay",
    "replay_since",
    "report",
    "rotate",
    "send_test",
    "spread",
    "sweep",
    "target",
    "tell",
    "wait",
]
