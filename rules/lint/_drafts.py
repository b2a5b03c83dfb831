"""Drafts: a campaign as JSON, which may say more than a campaign can, walked without trusting its shape."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

DRAFT_MAX = 64_000
"""How many characters a draft has at most."""

NODES_MAX = 5_000
"""How many values of a draft are looked at. No campaign has as many."""

UNSAID = frozenset({"", "none", "no", "false", "0", "never", "off"})


@dataclass(frozen=True, slots=True)
class Said:
    """One value of a draft: where it stands, by which name, and what it is."""

    path: str
    key: str
    """The name without its spelling: `second_level` and `secondLevel` are `secondlevel`."""
    value: Any
    above: tuple[str, ...]
    """The names it stands under, outermost first."""

    @property
    def is_meant(self) -> bool:
        """Whether it says yes: neither nothing, nor no, nor nought."""
        if isinstance(self.value, str):
            return self.value.strip().lower() not in UNSAID
        return bool(self.value)


class Draft:
    """All that a draft says, in its order."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        self.said = list(_walked(told))

    def number(self, name: str, default: int) -> int:
        """A whole number of the draft; the default where it says none, or something else."""
        return whole(self.told.get(name), default)

    def part(self, name: str) -> dict[str, Any]:
        """An object of the draft; an empty one where it says none."""
        found = self.told.get(name)
        return found if isinstance(found, dict) else {}

    def parts(self, name: str) -> list[Any]:
        """A list of the draft; an empty one where it says none."""
        found = self.told.get(name)
        return found if isinstance(found, list) else []

    @property
    def act(self) -> str:
        """What qualifies, as it was said."""
        found = self.told.get("act", "FIRST_ORDER_COMPLETED")
        return found.strip().upper() if isinstance(found, str) else ""


def draft_of(text: str) -> dict[str, Any] | None:
    """The draft that was sent as JSON; None where it is none."""
    if len(text) > DRAFT_MAX:
        return None
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return told if isinstance(told, dict) and len(list(_walked(told))) <= NODES_MAX else None


def whole(value: Any, default: int) -> int:
    """A whole number; the default for all else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def gives(reward: Any) -> bool:
    """Whether a reward of a draft is anything: any amount, of whatever it is."""
    if isinstance(reward, dict):
        return any(gives(each) for name, each in reward.items() if name != "tier")
    if isinstance(reward, list):
        return any(gives(each) for each in reward)
    return bool(reward) and not (isinstance(reward, str) and reward.strip().lower() in UNSAID)


def _walked(told: dict[str, Any]) -> Iterator[Said]:
    """Every value below an object, one more than is looked at where there are more."""
    waiting = [Said("", "", told, ())]
    for _seen in range(NODES_MAX + 2):
        if not waiting:
            return
        said = waiting.pop()
        if said.path:
            yield said
        waiting.extend(reversed(list(_inside(said))))


def _inside(said: Said) -> Iterator[Said]:
    """The values of an object by their names, those of a list by their places."""
    above = (*said.above, said.key) if said.key else said.above
    dot = f"{said.path}." if said.path else ""
    if isinstance(said.value, dict):
        for name, value in said.value.items():
            yield Said(dot + name, _bare(name), value, above)
    elif isinstance(said.value, list):
        for place, value in enumerate(said.value):
            yield Said(f"{dot}{place}", "", value, above)


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()
