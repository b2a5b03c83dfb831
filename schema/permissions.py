"""Permissions: which audience may ask for a field. They are static, so an operation is checked once, as a whole.

Every field of every type names its audience; a test of the house refuses one that does not. A field that keys may
ask for names a scope besides: a key that is kept to some scopes asks for the fields of those scopes alone. Whether
an object is the caller's own is decided where it is read, and in the rules.
"""

from collections.abc import Iterable
from enum import Enum
from inspect import Parameter, Signature, signature
from types import UnionType
from typing import Any, TypeAlias, get_args

import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)
from strawberry.schema_directive import Location

from models.credentials import KeyScope, PrincipalKind
from models.staff import StaffRole
from rules.actors import Principal
from schema import words
from schema.compiler import BATCH, SHOWN
from schema.context import Batch, Info
from schema.enums import describe


@strawberry.enum(description="Who may ask for a field.")
class Audience(Enum):
    PUBLIC = strawberry.enum_value("PUBLIC", description="Anybody, also without a credential.")
    MEMBER = strawberry.enum_value("MEMBER", description="A member, about themselves.")
    STAFF = strawberry.enum_value("STAFF", description="Anybody of the staff: all of the roles below.")
    OWNER = strawberry.enum_value("OWNER", description="Staff: owns the programme.")
    ADMIN = strawberry.enum_value("ADMIN", description="Staff: administers the programme.")
    OPERATOR = strawberry.enum_value("OPERATOR", description="Staff: runs campaigns and members (运营).")
    CS = strawberry.enum_value("CS", description="Staff: customer service (客服).")
    CASHIER = strawberry.enum_value("CASHIER", description="Staff: at the counter of one store (核销).")
    COMMUNITY_MANAGER = strawberry.enum_value("COMMUNITY_MANAGER", description="Staff: runs communities.")
    ANALYST = strawberry.enum_value("ANALYST", description="Staff: reads, never writes.")
    PARTNER = strawberry.enum_value("PARTNER", description="A partner organisation, about itself.")
    SERVICE = strawberry.enum_value("SERVICE", description="A shop's back end or point of sale.")


describe(
    KeyScope,
    "One thing an API key may be kept to. On the command line it is written `members.read`.",
    {
        KeyScope.MEMBERS_READ: "Service: look members up, and read what is told of them.",
        KeyScope.MEMBERS_WRITE: "Service: recognise, create and enrol members. Includes `MEMBERS_READ`.",
        KeyScope.POINTS_READ: "Service: read members' points.",
        KeyScope.POINTS_WRITE: "Service: set points aside for a checkout, and take or release them. Includes "
        "`POINTS_READ`.",
        KeyScope.PURCHASES_READ: "Service: read the orders it reported.",
        KeyScope.PURCHASES_WRITE: "Service: report orders, events and refunds. Includes `PURCHASES_READ`.",
        KeyScope.STATISTICS_READ: "Partner: read its own statistics.",
        KeyScope.LINKS_WRITE: "Partner: make links, and list them.",
        KeyScope.SETTLEMENTS_READ: "Partner: read its settlements.",
        KeyScope.WEBHOOKS_WRITE: "Partner: keep webhook endpoints, which are told of its settlements. Includes "
        "`SETTLEMENTS_READ`.",
    },
)


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="auth",
    description="Who may ask for the field, and which scope of a key opens it; a key without scopes opens all that "
    "its audience may. An operation that asks for a field of others is refused as a whole.",
)
class Auth:
    requires: list[Audience]
    scopes: list[KeyScope] | None = strawberry.UNSET


ARGUMENTS = {
    "requires": "Who may ask for it: any of these.",
    "scopes": "Which scopes of a key open it: any of these. None are named where no key with scopes may ask.",
}
"""What the arguments of `@auth` are for."""


Rule: TypeAlias = frozenset[Audience | KeyScope]
"""Who may ask, and with which scope where keys may: audiences and scopes in one set, joined with `|`."""

PUBLIC: Rule = frozenset({Audience.PUBLIC})
MEMBER: Rule = frozenset({Audience.MEMBER})
SERVICE: Rule = frozenset({Audience.SERVICE})
"""Of a service: to be joined with a scope, as below. By itself it is for keys without scopes."""

PARTNER: Rule = frozenset({Audience.PARTNER})
READS_MEMBERS: Rule = SERVICE | {KeyScope.MEMBERS_READ}
WRITES_MEMBERS: Rule = SERVICE | {KeyScope.MEMBERS_WRITE}
READS_POINTS: Rule = SERVICE | {KeyScope.POINTS_READ}
WRITES_POINTS: Rule = SERVICE | {KeyScope.POINTS_WRITE}
READS_PURCHASES: Rule = SERVICE | {KeyScope.PURCHASES_READ}
WRITES_PURCHASES: Rule = SERVICE | {KeyScope.PURCHASES_WRITE}
LEADS: Rule = frozenset({Audience.OWNER, Audience.ADMIN})
DESK: Rule = LEADS | {Audience.OPERATOR, Audience.CS}
COUNTER: Rule = DESK | {Audience.CASHIER}
STAFF: Rule = COUNTER | {Audience.COMMUNITY_MANAGER, Audience.ANALYST}
KEEPS_WEBHOOKS: Rule = LEADS | PARTNER | {KeyScope.WEBHOOKS_WRITE}
"""Those who lead, and a partner of its own endpoints; whose an endpoint is is seen to in the rules."""

SEES_PARTNER: Rule = KEEPS_WEBHOOKS | {KeyScope.STATISTICS_READ, KeyScope.LINKS_WRITE, KeyScope.SETTLEMENTS_READ}
"""A partner with whatever key of its own, and those who lead the programme."""

READS_STATISTICS: Rule = LEADS | PARTNER | {KeyScope.STATISTICS_READ}
LINKS: Rule = LEADS | PARTNER | {KeyScope.LINKS_WRITE}
MAKES_LINKS: Rule = PARTNER | {KeyScope.LINKS_WRITE}
READS_SETTLEMENTS: Rule = LEADS | PARTNER | {KeyScope.SETTLEMENTS_READ}
ANYBODY_KNOWN: Rule = STAFF | MEMBER | SERVICE | PARTNER
"""Every credential, whatever its scopes: the fields behind it have rules of their own."""

SEES_MEMBER: Rule = STAFF | MEMBER | READS_MEMBERS
"""Whoever may be shown a member at all; which member is decided where the member is read."""

SEES_POINTS: Rule = STAFF | MEMBER | READS_POINTS
SEES_PURCHASES: Rule = STAFF | MEMBER | READS_PURCHASES

RULE = "audience"
"""The metadata key under which a field keeps its rule."""


def told(rule: Rule) -> list[Audience]:
    """The audiences of a rule as the schema tells them: all roles of the staff together are STAFF."""
    shown = (rule - STAFF) | {Audience.STAFF} if rule >= STAFF else rule
    return [each for each in Audience if each in shown]


def scopes_of(rule: Rule) -> list[KeyScope]:
    """The scopes that open a field of this rule."""
    return [each for each in KeyScope if each in rule]


def meant(said: Iterable[Audience]) -> Rule:
    """The audiences behind what the schema tells."""
    shown: Rule = frozenset(said)
    return (shown - {Audience.STAFF}) | STAFF if Audience.STAFF in shown else shown


def options(rule: Rule, description: str) -> dict[str, Any]:
    """What strawberry is told of a field: its description and its rule, in the SDL and for the check."""
    scopes = scopes_of(rule)
    return {
        "description": description,
        "directives": [Auth(requires=told(rule), scopes=scopes) if scopes else Auth(requires=told(rule))],
        "metadata": {RULE: rule},
    }


def seen(rule: Rule, description: str, **more: Any) -> Any:
    """A plain attribute of a type, and who may see it."""
    return strawberry.field(**options(rule, description), **more)


def asked(rule: Rule, description: str) -> Any:
    """Make a resolver a field, and say who may ask for it."""
    return strawberry.field(**options(rule, description))


def followed(rule: Rule, description: str) -> Any:
    """Make a resolver that answers a stream of events a subscription, and say who may follow it."""
    return strawberry.subscription(**options(rule, description))


def related(rule: Rule, description: str, batch: Batch, answers: Any = None) -> Any:
    """A relation: `batch(parents, context, **arguments)` answers all parents of a level at once, in their order.

    Its annotation says of what type they are, `list[…]` or `Answers[…]`, or `answers` does.
    """
    shape = signature(batch)
    arguments = [each for each in list(shape.parameters.values())[2:] if each.name != SHOWN]

    async def resolve(self: object, info: Info, **given: Any) -> Any:
        return await info.context.load(batch, self, **given)

    parameters = [
        Parameter("self", Parameter.POSITIONAL_OR_KEYWORD),
        Parameter("info", Parameter.POSITIONAL_OR_KEYWORD, annotation=Info),
        *(each.replace(kind=Parameter.KEYWORD_ONLY) for each in arguments),
    ]
    answer = answers or _answer_of(shape.return_annotation)
    resolve.__signature__ = Signature(parameters, return_annotation=answer)  # type: ignore[attr-defined]
    resolve.__annotations__ = {
        "info": Info,
        **{each.name: each.annotation for each in arguments},
        "return": answer,
    }
    resolve.__module__, resolve.__name__ = batch.__module__, getattr(batch, "__name__", "batch")
    told_by = options(rule, description)
    told_by["metadata"][BATCH] = batch
    return strawberry.field(resolver=resolve, **told_by)


def _answer_of(annotation: Any) -> Any:
    [answer] = get_args(get_args(annotation)[0] if isinstance(annotation, UnionType) else annotation)
    return answer


def audience_of(principal: Principal | None) -> Audience:
    """Which audience a caller belongs to."""
    if principal is None:
        return Audience.PUBLIC
    if principal.kind is PrincipalKind.STAFF:
        return Audience(str(principal.role))
    return Audience(principal.kind.value)


Caller: TypeAlias = tuple[PrincipalKind, StaffRole | None, frozenset[str] | None] | None
"""All that the rules look at in a caller; None is nobody."""


def caller_of(principal: Principal | None) -> Caller:
    """What sort of caller somebody is: to two of one sort the same is open."""
    return None if principal is None else (principal.kind, principal.role, principal.scopes)


Wanted: TypeAlias = tuple[tuple[str, Rule, FieldNode], ...]
"""The guarded fields an operation asks for, each once: its name, its rule, and a place to point at."""


class _Gathers(Visitor):
    """Walks a document and gathers the rules of its fields, by operation and fragment."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.found: dict[str, tuple[str, Rule, FieldNode]] = {}

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        definition, parent = self.types.get_field_def(), self.types.get_parent_type()
        # introspection has no rules of its own: the gate decides who may ask for it at all
        if definition is None or parent is None or "__" in (node.name.value[:2], parent.name[:2]):
            return
        ours = definition.extensions.get("strawberry-definition")
        name = f"{parent.name}.{node.name.value}"
        # a field without a rule is for nobody, whatever the tests of the house say
        rule = ours.metadata.get(RULE, frozenset()) if ours else frozenset()
        self.found.setdefault(name, (name, rule, node))


def wanted(schema: GraphQLSchema, document: DocumentNode) -> Wanted:
    """The fields a valid document asks for, fragments and all; of documents with several operations, of all."""
    types = TypeInfo(schema)
    gathers = _Gathers(types)
    visit(document, TypeInfoVisitor(types, gathers))
    return tuple(gathers.found.values())


def is_open(rule: Rule, audience: Audience, scopes: frozenset[str] | None = None) -> bool:
    """Whether a field of this rule is for an audience, called with a key that is kept to these scopes."""
    if Audience.PUBLIC in rule:
        return True
    return audience in rule and (scopes is None or not scopes.isdisjoint(rule) or rule >= ANYBODY_KNOWN)


Refused: TypeAlias = list[tuple[str, Rule, FieldNode]]


def refused(wanted: Wanted, principal: Principal | None) -> Refused:
    """The fields of an operation that are not for the caller."""
    audience, scopes = audience_of(principal), principal.scopes if principal else None
    return [each for each in wanted if not is_open(each[1], audience, scopes)]


def objections(refused: Refused, principal: Principal | None, *, has_sent: bool = False) -> list[GraphQLError]:
    """What stands against the caller's operation: an error for each field that is not for them.

    Who `has_sent` a credential and is nobody all the same sent one that is good no longer.
    """
    if refused and principal is None:
        said = words.ENDED_CREDENTIAL if has_sent else words.NO_CREDENTIAL
        return [GraphQLError(said, [refused[0][2]], extensions={"code": "UNAUTHENTICATED"})]
    audience = audience_of(principal)
    return [
        GraphQLError(_objection(name, rule, audience), [node], extensions={"code": "FORBIDDEN"})
        for name, rule, node in refused
    ]


def _objection(name: str, rule: Rule, audience: Audience) -> str:
    scopes = " or ".join(each.name for each in scopes_of(rule))
    if audience in rule and scopes:
        return f"You may not ask for {name}: this key has not the scope {scopes}."
    return f"You may not ask for {name}."


def operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    """The operations of a document."""
    return [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
