"""Enums: the models' own, given words for the client."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import strawberry

from models.staff import StaffRole
from rules.actors import ActorKind


def describe(kind: type[Enum], description: str, words: Mapping[Any, str], *, name: str | None = None) -> None:
    """Make an enum part of the schema, with a description for each value; a value without words stays outside."""
    strawberry.enum(kind, name=name, description=description)
    definition = kind.__strawberry_definition__  # type: ignore[attr-defined]
    definition.values = [value for value in definition.values if kind[value.name] in words]
    for value in definition.values:
        value.description = words[kind[value.name]]


describe(
    StaffRole,
    "What a member of staff may do. The permission table has it field by field.",
    {
        StaffRole.OWNER: "Owns the programme: everything, and decides over owners.",
        StaffRole.ADMIN: "Administers the programme: everything but owners' accounts.",
        StaffRole.OPERATOR: "Runs campaigns and members (运营).",
        StaffRole.CS: "Customer service (客服).",
        StaffRole.CASHIER: "At the counter of one store (核销).",
        StaffRole.COMMUNITY_MANAGER: "Runs communities (社群).",
        StaffRole.ANALYST: "Reads, never writes.",
    },
)

describe(
    ActorKind,
    "What sort of caller did it.",
    {
        ActorKind.SYSTEM: "The programme itself; `CLI` as its id is the command line.",
        ActorKind.MEMBER: "A member.",
        ActorKind.STAFF: "Somebody of the staff.",
        ActorKind.PARTNER: "A partner, with one of its keys.",
        ActorKind.SERVICE: "A service; its id is that of its key.",
        ActorKind.NOBODY: "Somebody who has not logged in, or several callers counted together.",
    },
)
