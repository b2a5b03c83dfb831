"""Context: who asks, when, in which language; made anew for each operation."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from time import monotonic
from typing import Any, Protocol, TypeAlias, TypeVar, cast
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from models.credentials import PrincipalKind
from models.reading import Row, Rows
from models.units import id_of
from rules import programme
from rules.actors import Actor, ActorKind, Principal
from rules.members import Identity
from rules.programme import Terms
from rules.rates import Taken, Wait
from rules.remembering import Remembered

T = TypeVar("T")

TERMS_SECONDS = 1.0
"""How old the terms that are shown may be."""

IDS = 20_000
"""The ids of how many callers are read but once."""

_uuid = lru_cache(IDS)(id_of)

BATCH_MAX = 1_000
"""The most parents a batch function is given at once."""


class Outside(Protocol):
    """What the schema needs of the world beyond the house; `api/` provides it."""

    async def wechat_identities(self, code: str) -> Sequence[Identity]:
        """Who a WeChat login code stands for. Raises: LoginRefused, WechatUnavailable."""

    async def wechat_phone(self, code: str, whose: str) -> Identity:
        """The verified phone behind a code of WeChat's button; the same person's same code is asked for once.

        Raises: PhoneCodeRefused, PhoneLookupsSpent, WechatUnavailable.
        """

    async def is_password(self, stored_hash: str | None, password: str, *, slowly: bool = False) -> bool:
        """Whether a password is the one; takes as long when there is none to compare with.

        Raises: PasswordsBusy.
        """

    async def hashed(self, password: str) -> str:
        """The hash under which a password is kept. Raises: PasswordsBusy."""

    def is_dated(self, stored_hash: str) -> bool:
        """Whether a hash was made with other parameters than today's."""

    async def check_webhook(self, url: str) -> None:
        """See that webhooks may be sent there now. Raises: WebhookUrlRefused."""

    @property
    def totp_required(self) -> bool:
        """Whether staff must have a second factor."""

    @property
    def refresh_grace(self) -> timedelta:
        """How long a refresh token may be sent again when the answer was lost."""

    @property
    def public_url(self) -> str:
        """Where people reach this deployment with a browser."""


class Library(Protocol):
    """The trusted documents, as this process knows them; `api/` provides it."""

    def recheck(self) -> None:
        """Believe nothing that was read from the database before this moment."""


class Watch(Protocol):
    """Somebody's wait for a member's events."""

    async def beyond(self, seq: int) -> bool:
        """Wait until the member has an event beyond that number; False when the house closes before."""


class Feed(Protocol):
    """What tells that members have new events; `api/` provides it."""

    def watch(self, member_id: UUID) -> AbstractContextManager[Watch]:
        """Wait for a member's events, as long as the block lasts."""


class Allowance(Protocol):
    """How much the caller may still ask for; `api/` keeps it."""

    @property
    def maximum(self) -> int:
        """The most there may ever be of it."""

    def take(self, points: int) -> Taken | Wait:
        """Take points before something runs, or say how long to wait; nothing is taken then."""

    def give_back(self, points: int) -> int:
        """Give back what was taken and not needed, and say what is available now."""


class Passed(Protocol):
    """An operation that is valid and for its caller: what an operator may know of it."""

    @property
    def name(self) -> str | None:
        """What it calls itself."""

    @property
    def kind(self) -> str:
        """`query`, `mutation` or `subscription`."""


class HasMember(Protocol):
    """Whatever a member's relations hang on."""

    @property
    def member_id(self) -> UUID:
        """Whose they are."""


class Reference:
    """What is read once for many operations, for showing: a second old at most. Commands read their own."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = asyncio.Lock()
        self._read_at = float("-inf")
        self._terms: Terms | None = None
        self._made: dict[Callable[[Terms], Any], Any] = {}
        self.keys = Remembered(clock)
        """Members' wrapped keys."""

    async def terms(self) -> Terms:
        """The terms. Raises: NoProgramme."""
        if self._terms is None or self._clock() - self._read_at >= TERMS_SECONDS:
            async with self._lock:
                if self._terms is None or self._clock() - self._read_at >= TERMS_SECONDS:
                    await self._read()
        return cast("Terms", self._terms)

    async def made(self, make: Callable[[Terms], T]) -> T:
        """What is made of the terms for showing them, once for as long as they stay the same."""
        terms = await self.terms()
        if make not in self._made:
            self._made[make] = make(terms)
        return cast("T", self._made[make])

    def at_hand(self, make: Callable[[Terms], T]) -> T | None:
        """What was made of the terms, if nothing has to be read or made for it."""
        if self._clock() - self._read_at >= TERMS_SECONDS:
            return None
        made: T | None = self._made.get(make)
        return made

    def forget(self) -> None:
        """Read the terms again when they are next asked for."""
        self._read_at = float("-inf")

    async def _read(self) -> None:
        began = self._clock()
        found = await programme.terms()
        if found != self._terms:
            self._terms = found
            self._made.clear()
        self._read_at = began


Answers: TypeAlias = list[T] | Awaitable[list[T]]
"""What a batch function gives: a list, or where it has to wait for it, what is to be awaited."""

Batch = Callable[..., Answers[Any]]


@dataclass(slots=True)
class Context:
    """One operation: its caller, its moment (UTC) and its loaders."""

    now: datetime
    principal: Principal | None = None
    has_sent_credential: bool = False
    """Whether a credential was sent, if only one that is good no longer."""
    language: str = "en"
    request_id: str = ""
    network: str | None = None
    outside: Outside | None = None
    feed: Feed | None = None
    """What a subscription waits for; None where there are no subscriptions."""
    renewal: "Callable[[Context], Awaitable[None]] | None" = None
    may_introspect: bool = False
    trusted_only: bool = False
    """Whether members run nothing but trusted documents."""
    trusted: str | None = None
    """The name of the trusted document that was asked for; None for an open one."""
    library: Library | None = None
    allowance: Allowance | None = None
    """What the operation's cost is taken from; None where nobody counts."""
    passed: Passed | None = None
    """The operation, once it has passed the gate."""
    refusals: tuple[str, ...] = ()
    """The codes with which the programme said no."""
    environment: str = "dev"
    """The environment as an API key names it."""
    loaders: dict[tuple[Any, ...], DataLoader[Any, Any]] = field(default_factory=dict)
    reference: Reference = field(default_factory=Reference)
    """The terms as they are shown, and members' keys; the operation's own where nobody shares one."""

    @property
    def actor(self) -> Actor:
        """The caller, as the rules know them; nobody for somebody who has yet to log in."""
        if self.principal is None:
            return Actor(ActorKind.NOBODY, network=self.network, request_id=self.request_id)
        return self.principal.acting(network=self.network, request_id=self.request_id)

    @property
    def member_id(self) -> UUID | None:
        """The calling member; None when somebody else calls."""
        who = self.principal
        return _uuid(who.id) if who and who.kind is PrincipalKind.MEMBER else None

    @property
    def partner_id(self) -> UUID | None:
        """The calling partner; None when somebody else calls."""
        who = self.principal
        return _uuid(who.id) if who and who.kind is PrincipalKind.PARTNER else None

    async def renew(self) -> None:
        """Make the caller, the moment and the loaders anew, for the next event of a subscription."""
        self.loaders.clear()
        if self.renewal is not None:
            await self.renewal(self)

    async def load(self, batch: Batch, parent: object, **arguments: Any) -> Any:
        """One parent's share of a batch: all parents of the level are asked for in one call."""
        key = (batch, *sorted(arguments.items()))
        loader = self.loaders.get(key)
        if loader is None:

            async def together(parents: list[Any]) -> list[Any]:
                given = batch(parents, self, **arguments)
                return given if isinstance(given, list) else await given

            # nothing is remembered: by its id() a parent would be taken for one that is gone, at the same address
            loader = DataLoader(load_fn=together, cache=False, max_batch_size=BATCH_MAX)
            self.loaders[key] = loader
        return await loader.load(parent)


async def each(kind: type[Row], parents: Sequence[HasMember], read: Rows[Any], *values: Any) -> list[Any]:
    """The row of a kind for each parent: the parent itself where it was read with it, else the row read now."""
    them: Sequence[Any] = parents
    if are(kind, them):
        return list(them)
    missing = {parent.member_id: None for parent in them if not isinstance(parent, kind)}
    rows = await read.rows(list(missing), *values) if missing else []
    found = {row.member_id: row for row in rows}
    return [parent if isinstance(parent, kind) else found[parent.member_id] for parent in them]


def are(kind: type | tuple[type, ...], them: Sequence[object]) -> bool:
    """Whether all of these are of a kind."""
    if len(them) == 1:
        return isinstance(them[0], kind)
    for each in set(map(type, them)):  # noqa: SIM110  a generator would cost more than what it asks
        if not issubclass(each, kind):
            return False
    return True


Info: TypeAlias = strawberry.Info[Context, None]
