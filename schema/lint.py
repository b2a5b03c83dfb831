"""Lint as those who publish campaigns ask for it: what speaks against a draft, with the rule it goes back to."""

from typing import Annotated

import strawberry

from rules import lint
from rules.lint import DRAFT_MAX, Finding, LintCode, Severity
from schema.context import Info
from schema.enums import describe
from schema.permissions import LEADS, Audience, Rule, asked, seen

PUBLISHES: Rule = LEADS | {Audience.OPERATOR}

describe(
    Severity,
    "Whether a campaign can be published in spite of a finding.",
    {
        Severity.BLOCKS: "It cannot.",
        Severity.WARNS: "It can: somebody should have read it.",
    },
    name="CampaignFindingSeverity",
)
describe(
    LintCode,
    "What can be wrong with a campaign.",
    {
        LintCode.LAW_PYRAMID_DEPTH: "It pays for more than one level.",
        LintCode.LAW_HEAD_COUNT: "It pays for heads: for people who have bought and done nothing.",
        LintCode.LAW_ENTRY_FEE: "To recommend costs a fee, a deposit or a purchase.",
        LintCode.LAW_LOTTERY_MAX: "A prize is above what a lottery may give away.",
        LintCode.WECHAT_SHARE_REWARD: "It rewards the act of sharing, or forces it (诱导分享).",
        LintCode.WECHAT_RANDOM_GAIN: "What is gained is left to chance, or not known beforehand.",
        LintCode.HOLD_ZERO: "Rewards are given before the goods can come back.",
        LintCode.CLAW_BACK_NONE: "No refund takes a reward back.",
        LintCode.CAP_MISSING: "Nothing caps what one referrer gets.",
        LintCode.BUDGET_MISSING: "Nothing bounds what all get together.",
        LintCode.REWARD_ABOVE_ORDER: "Both rewards are worth more than the least that must be paid for them.",
        LintCode.WINDOW_ABOVE_VALIDITY: "Touches count for longer than a referral is valid.",
        LintCode.STAFF_PAID: "Nobody looks at it first when somebody of the staff brings members.",
        LintCode.FIELD_UNKNOWN: "No campaign has this field.",
        LintCode.DRAFT_UNREADABLE: "The draft is not a JSON object, or too large.",
    },
    name="CampaignFindingCode",
)


@strawberry.type(description="One thing that speaks against a campaign.")
class CampaignFinding:
    code: LintCode = seen(PUBLISHES, "What it is.")
    severity: Severity = seen(PUBLISHES, "Whether it keeps the campaign from being published.")
    field: str | None = seen(
        PUBLISHES, "Where in the draft: `milestones.0.points`; null where it is of the draft as a whole."
    )
    rule: str = seen(PUBLISHES, "The rule it goes back to: the law, WeChat's rules, or this platform's own sense.")
    message: str = seen(PUBLISHES, "What is wrong and what to do, in English or Chinese as the request asked.")

    @classmethod
    def of(cls, found: Finding, language: str) -> "CampaignFinding":
        """A finding as a client sees it."""
        words = found.words
        return cls(
            code=found.code,
            severity=found.severity,
            field=found.field,
            rule=words.rule,
            message=words.zh if language == "zh" else words.en,
        )


@strawberry.type
class LintQuery:
    """What may be asked of a lint."""

    @asked(
        PUBLISHES,
        "What the law, WeChat's rules and common sense have against a referral campaign, first what keeps it from "
        "being published. Nothing is written down. It is no legal advice.",
    )
    async def campaign_lint(
        self,
        info: Info,
        campaign: Annotated[
            str,
            strawberry.argument(
                description="The draft as JSON, by the names of a campaign's fields, and whatever else is planned: "
                f"its words (`terms`, `poster`), a fee, a prize. {DRAFT_MAX} characters at most."
            ),
        ],
    ) -> list[CampaignFinding] | None:
        """Lint a draft."""
        context = info.context
        paying = (await context.reference.terms()).policy.payment
        found = lint.read(campaign, worth=(paying.points, paying.minor))
        return [CampaignFinding.of(each, context.language) for each in found]
