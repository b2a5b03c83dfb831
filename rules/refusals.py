"""Refusals: the programme's ways of saying no."""

import inspect
import re
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818  a refusal is an answer, not a fault
    """The programme does not allow this.

    A subclass is a small dataclass: its docstring's first line is the sentence the client reads, its fields are
    the facts the client is told, and its name is the code (`InsufficientPoints` is `INSUFFICIENT_POINTS`).
    """

    zh: ClassVar[str] = "本计划不允许此操作。"
    retryable: ClassVar[bool] = False
    """Whether the same request may succeed later without anybody changing it."""
    field: ClassVar[tuple[str, ...]] = ()
    """The part of the input that was refused, if one was."""

    @classmethod
    def code(cls) -> str:
        """The code clients switch on, never reused for another meaning."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).upper()

    @classmethod
    def message(cls, language: str = "en") -> str:
        """The sentence for people, in English or Chinese."""
        return cls.zh if language == "zh" else (inspect.getdoc(cls) or "").partition("\n")[0]

    def __str__(self) -> str:
        """The English sentence."""
        return self.message()


@dataclass(eq=False)
class NotFound(Refusal):
    """Nothing here answers to that id."""

    zh = "未找到。"


@dataclass(eq=False)
class MemberNotActive(Refusal):
    """This membership is not active."""

    zh = "该会员未激活。"
    state: str


@dataclass(eq=False)
class MemberFrozen(Refusal):
    """This membership is frozen."""

    zh = "该会员已被冻结。"


@dataclass(eq=False)
class MemberMerged(Refusal):
    """This membership was merged into another."""

    zh = "该会员已合并至其他会员。"
    into: UUID | None


@dataclass(eq=False)
class ClockSkew(Refusal):
    """The event claims to happen in the future."""

    zh = "事件时间晚于当前时间。"
    retryable = True
    field = ("occurredAt",)


@dataclass(eq=False)
class Busy(Refusal):
    """Too much is being written just now."""

    zh = "系统繁忙，请稍后重试。"
    retryable = True
