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
    contents,
    due,
    name_of,
    report,
    send_test,
    spread,
    wait,
)
from rules.webhooks._endpoints import (
    Added,
    Change,
    WebhookInvalid,
    WebhookLimit,
    Wish,
    add,
    change,
    delete,
    rotate,
)
from rules.webhooks._replays import ReplayTooFar, replay, replay_since
from rules.webhooks._signing import Secret, headers
from rules.webhooks._sweeping import sweep

__all__ = [
    "ATTEMPTS",
    "FAILING_FOR",
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
    "headers",
    "name_of",
    "read_address",
    "replay",
    "replay_since",
    "report",
    "rotate",
    "send_test",
    "spread",
    "sweep",
    "target",
    "wait",
]
