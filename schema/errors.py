"""Errors: refusals answered as values, mistakes answered as errors with a code, and the code book of both."""

import dataclasses
import re
from collections.abc import Callable, Coroutine, Mapping
from enum import Enum
from functools import wraps
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias, TypeVar, get_type_hints
from uuid import UUID

import strawberry
from graphql import GraphQLError

from models.members import IdentityKind

# every room that refuses is imported, so that all its refusals are known
from rules import (  # noqa: F401
    approvals,
    attempts,
    benefits,
    credentials,
    documents,
    idempotency,
    keys,
    lifecycle,
    members,
    memberships,
    partners,
    passwords,
    phones,
    points,
    policy,
    programme,
    proofs,
    purchases,
    referrals,
    reveals,
    staff,
    tiers,
    totp,
    webhooks,
)
from rules.idempotency import Key
from rules.refusals import Refusal
from schema import ids
from schema.context import Context
from schema.enums import describe
from schema.permissions import PUBLIC, Rule, options, seen
from schema.scalars import Long


def _refusals(of: type[Refusal] = Refusal) -> list[type[Refusal]]:
    found: list[type[Refusal]] = []
    for each in of.__subclasses__():
        found += [each, *_refusals(each)]
    return sorted(found, key=lambda each: each.__name__)


REFUSALS: dict[str, type[Refusal]] = {each.code(): each for each in _refusals()}
"""Every way the programme says no, by its code."""

ErrorCode: Any = Enum("ErrorCode", {code: code for code in REFUSALS})  # type: ignore[misc]
describe(
    ErrorCode,
    "Why the programme said no. Codes are never reused.",
    {ErrorCode[code]: f"{refusal.message()} {refusal.message('zh')}" for code, refusal in REFUSALS.items()},
)


@strawberry.interface(description="The programme says no, and why. Switch on `code`; show `message`.")
class UserError:
    code: ErrorCode = seen(PUBLIC, "What to switch on.")
    message: str = seen(PUBLIC, "A sentence for people, in English or Chinese by `Accept-Language`.")
    field: list[str] | None = seen(PUBLIC, "The part of `input` that was refused, if one was.")
    retryable: bool = seen(PUBLIC, "Whether the same request may succeed later without anybody changing it.")


_FACTS: dict[Any, tuple[Any, Callable[[Any], Any]]] = {
    UUID: (strawberry.ID, lambda value: ids.encode(ids.Tag.MEMBER, value)),
    UUID | None: (
        strawberry.ID | None,
        lambda value: None if value is None else ids.encode(ids.Tag.MEMBER, value),
    ),
    tuple[UUID, ...]: (
        list[strawberry.ID],
        lambda value: [ids.encode(ids.Tag.MEMBER, each) for each in value],
    ),
    int: (Long, int),
    str: (str, str),
    IdentityKind: (str, str),
}
"""What a fact of a refusal looks like to a client. Ids in refusals are members'."""


_SAYS = {
    "available": "What there is.",
    "expected": "What it should have been.",
    "held": "How much is set aside.",
    "into": "Who the member is now; null when that is not for you.",
    "kind": "What kind of identity.",
    "left": "How much could still be taken.",
    "limit": "The most there may be.",
    "member_ids": "The members in question.",
    "part": "Which part.",
    "reason": "What stands against it, in one word.",
    "rule": "Which of several limits, in one word.",
    "retry_after_seconds": "How many seconds to wait before another try.",
    "state": "The state it is in.",
    "tier": "The code of the tier in question.",
    "unit": "What it must be a multiple of.",
    "version": "The version in force; 0 where there is none.",
    "wanted": "How much was asked for.",
    "findings": "The codes of what forbids it, as `campaignLint` tells them.",
    "why": "What is wrong, for a developer.",
}
"""What each fact of a refusal tells, by its name."""


def _kind(annotation: Any) -> Any:
    return getattr(annotation, "__supertype__", annotation)


def _answer(refusal: type[Refusal]) -> type:
    """The GraphQL type of a refusal: its facts beside what every refusal tells."""
    hints = get_type_hints(refusal)
    namespace: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
    for fact in dataclasses.fields(refusal):
        shown, _ = _FACTS[_kind(hints[fact.name])]
        namespace["__annotations__"][fact.name] = shown
        namespace[fact.name] = seen(PUBLIC, _SAYS[fact.name])
    return strawberry.type(type(refusal.__name__, (UserError,), namespace), description=refusal.message())


@strawberry.type(description="A refusal that has nothing more to tell than its code.")
class PlainError(UserError):
    pass


ANSWERS: dict[type[Refusal], type] = {
    refusal: _answer(refusal) if dataclasses.fields(refusal) else PlainError for refusal in REFUSALS.values()
}
"""The GraphQL type of each refusal."""


Path: TypeAlias = tuple[str, ...]
Renamed: TypeAlias = Mapping[str, Path]
"""Where a mutation's input has what a refusal calls otherwise; an empty path where it has nothing of the kind."""


def field_of(refusal: type[Refusal], renamed: Renamed) -> Path:
    """The part of a mutation's input that a refusal is about."""
    return renamed.get(".".join(refusal.field), refusal.field)


def answer_to(refusal: Refusal, language: str, renamed: Renamed = MappingProxyType({})) -> UserError:
    """The client's view of a refusal."""
    kind = type(refusal)
    hints = get_type_hints(kind)
    facts = {
        fact.name: _FACTS[_kind(hints[fact.name])][1](getattr(refusal, fact.name))
        for fact in dataclasses.fields(kind)
    }
    answer: UserError = ANSWERS[kind](
        code=ErrorCode[kind.code()],
        message=kind.message(language),
        field=list(field_of(kind, renamed)) or None,
        retryable=kind.retryable,
        **facts,
    )
    return answer


RENAMED = "renamed"
"""The metadata key under which a mutation keeps what its input calls otherwise."""

INPUT = strawberry.argument(description="All that the request says.")
"""What a mutation says of its one argument; the argument's type says the rest."""

Payload = TypeVar("Payload")
Resolver = Callable[..., Coroutine[Any, Any, Payload | None]]


def codes_of(*commands: Callable[..., Any]) -> list[str]:
    """The codes a command may refuse with, read from the `Raises:` of its docstring."""
    found: set[str] = set()
    for command in commands:
        _, _, raises = (command.__doc__ or "").partition("Raises:")
        found |= {
            code
            for name in re.findall(r"\b[A-Z]\w+", raises)
            for code, refusal in REFUSALS.items()
            if refusal.__name__ == name
        }
    return sorted(found)


def command(
    rule: Rule,
    description: str,
    payload: type[Payload],
    *commands: Callable[..., Any],
    renamed: Renamed = MappingProxyType({}),
) -> Callable[[Resolver[Payload]], Any]:
    """Make a resolver a mutation: refusals become its `userErrors`, its description lists their codes.

    `commands` are the rules it calls; what it refuses by itself stands in its own docstring. `renamed` says where
    its input has what a refusal calls otherwise.
    """

    def make(resolver: Resolver[Payload]) -> Any:
        codes = codes_of(resolver, *commands)
        told = f"{description}\n\nRefuses with: {', '.join(f'`{code}`' for code in codes) or 'nothing'}."
        if "input" in resolver.__annotations__:
            resolver.__annotations__["input"] = Annotated[resolver.__annotations__["input"], INPUT]

        @wraps(resolver)
        async def answered(self: object, info: Any, **given: Any) -> Payload | None:
            context: Context = info.context
            try:
                return await resolver(self, info, **given)
            except Refusal as refusal:
                context.refusals += (refusal.code(),)
                return payload(user_errors=[answer_to(refusal, context.language, renamed)])  # type: ignore[call-arg]

        told_by = options(rule, told)
        told_by["metadata"][RENAMED] = renamed
        return strawberry.mutation(answered, **told_by)

    return make


def bad_input(message: str) -> GraphQLError:
    """A mistake in the request that its types cannot rule out."""
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})


KEY = re.compile(r"[\x21-\x7e]{8,128}")


def key_of(text: str) -> Key:
    """An idempotency key, as a client sent it."""
    if not KEY.fullmatch(text):
        raise bad_input("`idempotencyKey` has 8 to 128 printable ASCII characters and no spaces.")
    return Key(text)
