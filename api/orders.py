"""Order files: what `loyalty import orders` reads, one row per line of an order event.

All rows of one (event, order_ref, event_ref) are one event, wherever they stand in the file; its time is the
earliest; rows that repeat a line are added up. Events apply by their time, then by their place in the file. Every
event is done once however often the file is read, so an import that was killed is simply run again.
"""

import csv
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from models.members import IdentityKind
from models.purchases import PurchaseEventKind
from models.units import Minor, is_plain
from rules import lifecycle, members, programme, purchases
from rules.actors import SYSTEM
from rules.idempotency import Key
from rules.members import Identity
from rules.points import RefundExceedsOriginal
from rules.purchases import CATEGORIES_MAX, Happening, Order, OrderLine, OrderNotFound
from rules.refusals import Refusal

COLUMNS = (
    "event",
    "order_ref",
    "event_ref",
    "occurred_at",
    "member_type",
    "member_namespace",
    "member_value",
    "channel",
    "line_ref",
    "sku",
    "name",
    "quantity",
    "paid_minor",
    "currency",
)
OPTIONAL = ("categories",)
"""What a file may have besides: several categories in one cell are parted by a bar."""

WIDTHS = {"order_ref": 100, "event_ref": 100, "line_ref": 64, "sku": 64, "channel": 64, "name": 200}
NEEDED = ("event", "order_ref", "event_ref", "occurred_at", "member_type", "member_value", "currency")
AMOUNT_MAX = 10**12
LINELESS = (PurchaseEventKind.COMPLETED, PurchaseEventKind.CANCELLED)


class FileUnreadable(Exception):  # noqa: N818  a mistake in the request
    """A file that is no order file at all."""


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with a row, counted from 1 with the header as row 1."""

    row: int
    why: str


@dataclass(slots=True)
class Line:
    """A line of an event, its repeats added up."""

    quantity: int
    amount: int
    sku: str | None
    name: str | None
    categories: tuple[str, ...] = ()


@dataclass(slots=True)
class FileEvent:
    """One event of the file."""

    row: int
    """Its first row."""
    kind: PurchaseEventKind
    order_ref: str
    event_ref: str
    occurred_at: datetime
    who: tuple[str, str, str]
    channel: str | None
    currency: str
    lines: dict[str, Line] = field(default_factory=dict)
    is_broken: bool = False
    """Whether a row of it could not be read; then none of it applies."""


@dataclass(slots=True)
class OrderFile:
    """A file as it was read: its events in the order they apply, and the rows that could not be read."""

    rows: int
    events: list[FileEvent]
    errors: list[RowError]


def read(path: Path) -> OrderFile:
    """Read an order file whole.

    Raises: FileUnreadable.
    """
    found: dict[tuple[str, str, str], FileEvent] = {}
    errors: list[RowError] = []
    row = 1
    for row, values in _rows(path):
        try:
            _take(found, row, values)
        except ValueError as error:
            errors.append(RowError(row, str(error)))
    events = [event for event in found.values() if not event.is_broken]
    # sort is stable: events of one moment stay in the order of the file
    events.sort(key=lambda event: (event.occurred_at, event.row))
    return OrderFile(row - 1, events, errors)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
                raise FileUnreadable(f"{path}: the header lacks the column {missing[0]!r}.")
            for values in reader:
                yield reader.line_num, {name: (values.get(name) or "").strip() for name in (*COLUMNS, *OPTIONAL)}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileUnreadable(f"{path}: {error}") from error


def _take(found: dict[tuple[str, str, str], FileEvent], row: int, values: dict[str, str]) -> None:
    """Add a row to its event; a row that cannot be read spoils it."""
    key = (values["event"], values["order_ref"], values["event_ref"])
    try:
        fresh = _event(row, values)
        event = found.setdefault(key, fresh)
        _check_same(event, fresh)
        event.occurred_at = min(event.occurred_at, fresh.occurred_at)
        if event.kind not in LINELESS:
            _add_line(event, values)
    except ValueError:
        if key in found:
            found[key].is_broken = True
        else:
            spoilt = FileEvent(
                row, PurchaseEventKind.PAID, *key[1:], datetime.max.replace(tzinfo=UTC), ("", "", ""), None, ""
            )
            spoilt.is_broken = True
            found[key] = spoilt
        raise


def _event(row: int, values: dict[str, str]) -> FileEvent:
    for name in NEEDED:
        if not values[name]:
            raise ValueError(f"{name} is empty.")
    for name, width in WIDTHS.items():
        if len(values[name]) > width or not is_plain(values[name]):
            raise ValueError(f"{name} has more than {width} characters, or control characters.")
    if values["event"] not in PurchaseEventKind.__members__:
        raise ValueError(f"event {values['event']!r} is none of {', '.join(PurchaseEventKind)}.")
    if values["member_type"] not in IdentityKind.__members__:
        raise ValueError(f"member_type {values['member_type']!r} is none of {', '.join(IdentityKind)}.")
    return FileEvent(
        row=row,
        kind=PurchaseEventKind(values["event"]),
        order_ref=values["order_ref"],
        event_ref=values["event_ref"],
        occurred_at=_moment(values["occurred_at"]),
        who=(values["member_type"], values["member_namespace"], values["member_value"]),
        channel=values["channel"] or None,
        currency=values["currency"],
    )


def _check_same(event: FileEvent, fresh: FileEvent) -> None:
    if event.is_broken:
        raise ValueError("another row of the same event could not be read.")
    for name in ("who", "currency"):
        if getattr(event, name) != getattr(fresh, name):
            raise ValueError(f"the rows of one event differ in their {'member' if name == 'who' else name}.")


def _add_line(event: FileEvent, values: dict[str, str]) -> None:
    if not values["line_ref"]:
        raise ValueError("line_ref is empty.")
    quantity, amount = _number(values, "quantity", 1), _number(values, "paid_minor", 0)
    line = event.lines.get(values["line_ref"])
    if line is None:
        told = (values["sku"] or None, values["name"] or None, _categories(values["categories"]))
        event.lines[values["line_ref"]] = Line(quantity, amount, *told)
    else:
        line.quantity += quantity
        line.amount += amount


def _categories(text: str) -> tuple[str, ...]:
    told = tuple(dict.fromkeys(each.strip() for each in text.split("|") if each.strip()))
    if len(told) > CATEGORIES_MAX or any(len(each) > WIDTHS["sku"] or not is_plain(each) for each in told):
        raise ValueError(f"categories are {CATEGORIES_MAX} at most, of {WIDTHS['sku']} characters each.")
    return told


def _number(values: dict[str, str], name: str, least: int) -> int:
    text = values[name]
    if not re.fullmatch(r"[0-9]{1,13}", text) or not least <= int(text) <= AMOUNT_MAX:
        raise ValueError(f"{name} {text[:40]!r} is no whole number of {least} or more, up to {AMOUNT_MAX}.")
    return int(text)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        in_utc = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"occurred_at {text!r} is no moment; write 2026-03-01T12:00:00Z.") from None
    if moment.tzinfo is None:
        raise ValueError(f"occurred_at {text!r} has no offset; write 2026-03-01T12:00:00Z.")
    return in_utc


@dataclass(slots=True)
class Imported:
    """What an import came to."""

    applied: int = 0
    known: int = 0
    """Events that had been imported before."""
    errors: list[RowError] = field(default_factory=list)


async def apply(
    file: OrderFile, source: str, *, clock: Callable[[], datetime], progress: Callable[[int], None]
) -> Imported:
    """Apply the events of a file, each in a transaction of its own. What was applied before changes nothing.

    An event that comes before its order waits, and applies right after it.
    """
    done = Imported(errors=list(file.errors))
    ids: dict[tuple[str, str, str], UUID] = {}
    waiting: dict[str, list[FileEvent]] = {}
    for number, event in enumerate(file.events, start=1):
        try:
            await _apply(event, source, ids, clock(), done)
        except OrderNotFound:
            waiting.setdefault(event.order_ref, []).append(event)
        except Refusal as refusal:
            done.errors.append(_refused(event, refusal))
        else:
            await _apply_all(waiting.pop(event.order_ref, ()), source, ids, clock(), done)
        progress(number)
    for events in waiting.values():
        done.errors += [_refused(event, OrderNotFound()) for event in events]
    return done


async def _apply_all(
    events: Sequence[FileEvent],
    source: str,
    ids: dict[tuple[str, str, str], UUID],
    now: datetime,
    done: Imported,
) -> None:
    for event in events:
        try:
            await _apply(event, source, ids, now, done)
        except Refusal as refusal:
            done.errors.append(_refused(event, refusal))


def _refused(event: FileEvent, refusal: Refusal) -> RowError:
    return RowError(event.row, f"{refusal.code()}: {refusal} {getattr(refusal, 'why', '')}".rstrip())


async def _apply(
    event: FileEvent, source: str, ids: dict[tuple[str, str, str], UUID], now: datetime, done: Imported
) -> None:
    key = _key(source, event)
    if event.kind is PurchaseEventKind.PAID:
        order = _order(event, source)
        # an order that will be refused enrols nobody
        purchases.check_order(order, await programme.terms())
        member_id = ids.get(event.who) or await _member(event)
        ids[event.who] = member_id
        paid = Happening(event.kind, event.event_ref, event.occurred_at)
        applied = await purchases.record(member_id, order, paid=paid, key=key, actor=SYSTEM, now=now)
    else:
        refunds = tuple((ref, Minor(line.amount)) for ref, line in event.lines.items())
        happening = Happening(event.kind, event.event_ref, event.occurred_at, refunds)
        applied = await purchases.report(source, event.order_ref, happening, key=key, actor=SYSTEM, now=now)
    if applied.replayed:
        done.known += 1
    else:
        done.applied += 1


async def check(file: OrderFile, source: str) -> list[RowError]:
    """What an import would refuse, as far as can be told without writing: the file against itself and the terms."""
    terms = await programme.terms()
    errors = list(file.errors)
    paid: dict[str, FileEvent] = {
        event.order_ref: event for event in file.events if event.kind is PurchaseEventKind.PAID
    }
    for event in file.events:
        try:
            if event.kind is PurchaseEventKind.PAID:
                _identity(event)
                purchases.check_order(_order(event, source), terms)
            elif event.order_ref in paid:
                _check_refund(event, paid[event.order_ref])
            elif not await purchases.is_recorded(source, event.order_ref):
                raise OrderNotFound
        except Refusal as refusal:
            errors.append(_refused(event, refusal))
    return errors


def _check_refund(event: FileEvent, order: FileEvent) -> None:
    """Refuse a refund of more than was paid for a line, or of a line the order does not have."""
    for ref, line in event.lines.items():
        if ref not in order.lines:
            raise purchases.OrderInvalid("The refund names a line the order does not have.")
        if line.amount > order.lines[ref].amount:
            raise RefundExceedsOriginal(line.amount, order.lines[ref].amount)


def _key(source: str, event: FileEvent) -> Key:
    """The event's own key, the same whenever the file is read."""
    text = "\x1f".join((source, event.kind, event.order_ref, event.event_ref))
    return Key(f"import-{hashlib.sha256(text.encode()).hexdigest()}")


def _identity(event: FileEvent) -> Identity:
    kind, namespace, value = event.who
    return members.identity(IdentityKind(kind), namespace, value)


async def _member(event: FileEvent) -> UUID:
    """The buyer; a stranger becomes an active member, known since this purchase."""
    found, _ = await lifecycle.identify([_identity(event)], allow_create=True, actor=SYSTEM, now=event.occurred_at)
    return found


def _order(event: FileEvent, source: str) -> Order:
    lines = tuple(
        OrderLine(ref, line.quantity, Minor(line.amount), line.sku, line.name, line.categories)
        for ref, line in event.lines.items()
    )
    return Order(source, event.order_ref, event.currency, event.occurred_at, lines, channel=event.channel)
