"""Earning as staff keep it: the rules in force, published and retired; and what they gave."""

from typing import Annotated

import strawberry

from models.sql import SQL
from models.units import is_plain
from rules import earning
from rules.earning import Published
from schema import pages
from schema.context import Info
from schema.earning._award import SEES_AWARDS, EarnAward, award_of, awards_of
from schema.earning._rule import EarnRule, EarnRuleInput, rule_in
from schema.errors import UserError, bad_input, command, key_of
from schema.pages import After, Before, Connection, First, Last
from schema.permissions import LEADS, STAFF, Audience, Rule, asked, seen
from schema.scalars import KEY_SAYS

__all__ = ["SEES_AWARDS", "EarnAward", "EarningMutation", "EarningQuery", "award_of", "awards_of"]

CAMPAIGNS: Rule = LEADS | {Audience.OPERATOR}

COLUMNS = "version, terms, published_at, ended_at, id"
PAGES = {
    backwards: SQL(
        f"SELECT {COLUMNS} FROM earn_rule WHERE ($1::boolean OR ended_at IS NULL)"  # noqa: S608  constants
        " AND ($2::text IS NULL OR code = $2::text)"
        f" AND ($3::timestamptz IS NULL OR (published_at, id) {beyond} ($3::timestamptz, $4::uuid))"
        f" ORDER BY published_at {order}, id {order} LIMIT $5"
    )
    for backwards, order, beyond in ((False, "DESC", "<"), (True, "ASC", ">"))
}
ONE = SQL(f"SELECT {COLUMNS} FROM earn_rule WHERE id = $1")  # noqa: S608  constants


@strawberry.type(description="What became of an earn rule.")
class EarnRulePayload:
    earn_rule: EarnRule | None = seen(CAMPAIGNS, "The version; null when refused.", default=None)
    replayed: bool = seen(CAMPAIGNS, "Whether this had been done before.", default=False)
    user_errors: list[UserError] = seen(CAMPAIGNS, "Why it was refused; empty on success.", default_factory=list)


EXPECTED = "Refuse unless this version is in force, 0 for none, so that two people do not overwrite each other."


@strawberry.input(description="A rule to bring into force.")
class EarnRulePublishInput:
    rule: EarnRuleInput = strawberry.field(
        description="All of it: what is left out is not kept of the version before."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="A rule to end.")
class EarnRuleRetireInput:
    code: str = strawberry.field(description="Which.")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


async def _payload(done: Published) -> EarnRulePayload:
    row = await ONE.row(done.rule_id)
    return EarnRulePayload(earn_rule=EarnRule.of(row) if row else None, replayed=done.replayed)


@strawberry.type
class EarningQuery:
    """What may be asked of earning."""

    @asked(STAFF, "The rules by which purchases earn more than the programme's base, the newest first.")
    async def earn_rules(
        self,
        *,
        code: Annotated[str | None, strawberry.argument(description="Only the rule of this code.")] = None,
        include_past: Annotated[
            bool, strawberry.argument(description="Whether versions that have ended are shown, too.")
        ] = False,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[EarnRule] | None:
        """A page of rules."""
        if code is not None and not is_plain(code):
            raise bad_input("`code` is printable characters.")
        window = pages.window(first=first, after=after, last=last, before=before, shape=pages.BY_MOMENT)
        at, beyond = window.key or (None, None)
        rows = await PAGES[window.backwards].rows(include_past, code, at, beyond, window.fetch)
        return pages.page(rows, window, EarnRule.of, lambda row: (row["published_at"], row["id"]))


@strawberry.type
class EarningMutation:
    """What may be done with earn rules."""

    @command(
        CAMPAIGNS,
        "Bring an earn rule into force, or its next version. Purchases paid from now on earn by it; what was given "
        "stays as it is.",
        EarnRulePayload,
        earning.publish,
    )
    async def earn_rule_publish(self, info: Info, input: EarnRulePublishInput) -> EarnRulePayload | None:
        """Publish a rule."""
        context = info.context
        done = await earning.publish(
            rule_in(input.rule),
            expected_version=input.expected_version,
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        return await _payload(done)

    @command(
        CAMPAIGNS,
        "End an earn rule: what is paid from now on earns nothing by it.",
        EarnRulePayload,
        earning.retire,
    )
    async def earn_rule_retire(self, info: Info, input: EarnRuleRetireInput) -> EarnRulePayload | None:
        """Retire a rule."""
        context = info.context
        done = await earning.retire(
            input.code,
            expected_version=input.expected_version,
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        return await _payload(done)
