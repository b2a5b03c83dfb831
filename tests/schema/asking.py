"""Asking the schema as somebody at some moment, as the endpoint would, and reading what came back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.credentials import PrincipalKind
from models.staff import StaffRole
from rules.actors import Principal
from rules.credentials import LoginRefused
from rules.members import Identity
from rules.phones import PhoneCodeRefused
from rules.webhooks import target
from schema import examining, executing, ids
from schema.context import Context, Reference
from schema.ids import Tag
from tests.people import NOON

SOMEBODY = UUID("00000000-0000-4000-8000-0000000000aa")
"""The id of a member of staff, or of anything that needs one."""

REQUEST = "request-of-the-test"


class Nowhere:
    """An outside world in which nobody can log in."""

    async def wechat_identities(self, code: str) -> Sequence[Identity]:  # noqa: ARG002
        raise LoginRefused

    totp_required = False
    public_url = "http://house"
    refresh_grace = timedelta(0)

    async def wechat_phone(self, code: str, whose: str) -> Identity:  # noqa: ARG002
        raise PhoneCodeRefused

    async def check_webhook(self, url: str) -> None:
        target(url)

    async def is_password(self, stored_hash: str | None, password: str, *, slowly: bool = False) -> bool:  # noqa: ARG002
        return False

    async def hashed(self, password: str) -> str:
        return f"hash of {len(password)} letters"

    def is_dated(self, stored_hash: str) -> bool:  # noqa: ARG002
        return False


def as_member(member_id: UUID) -> Principal:
    return Principal(PrincipalKind.MEMBER, str(member_id))


def as_staff(
    role: StaffRole,
    *,
    store_id: UUID | None = None,
    staff_id: UUID = SOMEBODY,
    proven_until: datetime | None = None,
) -> Principal:
    store = store_id or (SOMEBODY if role == "CASHIER" else None)
    return Principal(PrincipalKind.STAFF, str(staff_id), role, store, proven_until=proven_until)


def as_service(source: str = "shop") -> Principal:
    return Principal(PrincipalKind.SERVICE, f"key-of-{source}"[:16], source=source)


PARTNER = Principal(PrincipalKind.PARTNER, str(SOMEBODY))
CASHIER = as_staff(StaffRole.CASHIER)
CLERK = as_staff(StaffRole.CS)
OWNER = as_staff(StaffRole.OWNER)
ANALYST = as_staff(StaffRole.ANALYST)
SERVICE = as_service()


@dataclass(frozen=True)
class Answer:
    """What an operation was answered: its data and the codes of its errors."""

    data: Any
    errors: list[dict[str, Any]] = field(default_factory=list)

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.errors]

    def __getitem__(self, name: str) -> Any:
        """A root field of an operation that went well."""
        assert self.errors == []
        return self.data[name]


async def ask(
    document: str,
    variables: dict[str, Any] | None = None,
    *,
    who: Principal | None = None,
    at: datetime = NOON,
    language: str = "en",
    operation: str | None = None,
    reference: Reference | None = None,
) -> Answer:
    """What somebody is answered at some moment."""
    context = Context(
        now=at,
        principal=who,
        language=language,
        request_id=REQUEST,
        outside=Nowhere(),
        may_introspect=True,
        reference=reference or Reference(),
    )
    done = await executing.run(document, variables, context, name=operation)
    return Answer(done.data, [dict(error.formatted) for error in done.errors or ()])


async def act(mutation: str, answer: str, given: dict[str, Any], *, who: Principal, **more: Any) -> Any:
    """The payload of one mutation, with its refusals."""
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    wanted = f"{answer} userErrors {{ code message field retryable }}"
    document = f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {wanted} }} }}"
    return (await ask(document, {"input": given}, who=who, **more))[mutation]


def forget_documents() -> None:
    """Let every document be examined anew."""
    examining.remembered.cache_clear()


def refusals(payload: Any) -> list[str]:
    return [error["code"] for error in payload["userErrors"]]


def member_id(who: UUID) -> str:
    return ids.encode(Tag.MEMBER, who)


def entry_id(whose: UUID, entry: UUID) -> str:
    return ids.encode(Tag.POINTS_ENTRY, whose, entry)


def hold_id(whose: UUID, hold: UUID) -> str:
    return ids.encode(Tag.POINTS_HOLD, whose, hold)


def purchase_id(whose: UUID, purchase: UUID) -> str:
    return ids.encode(Tag.PURCHASE, whose, purchase)
