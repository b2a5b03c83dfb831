"""What a member has to do with referrals: their codes, whom they brought, what that gave, and who brought them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import strawberry

from models.referral_rewards import TallyPeriod
from models.referrals import ReferralState
from models.sql import SQL
from rules import heirs, referrals
from rules.calendar import local_day
from rules.referrals import USUAL, Campaign, Code, Missing
from schema import ids
from schema.cards import MemberCard, cards
from schema.context import Context, HasMember
from schema.drawing import qr
from schema.pages import Connection
from schema.permissions import STAFF, related, seen
from schema.referrals._invitees import JOINED, SEES, ReferralInvitee, hushed, invitees_of, need_of
from schema.scalars import Long, Moment


@strawberry.type(description="A code (推荐码) by which a member recommends the programme on one channel.")
class ReferralCode:
    code: str = seen(SEES, "Ten letters and digits, without those that are taken for each other.")
    channel: str = seen(SEES, "Where it is shown.")
    campaign: str | None = seen(SEES, "The campaign it is for; null for that which is usual when it is used.")
    link: str | None = seen(SEES, "A web address that carries it; null where the campaign names none.")
    scene: str = seen(SEES, "The `scene` of a mini-program code: `r=` and the code.")
    qr_svg: str = seen(SEES, "The link as a QR code, as SVG text; the code itself where there is no link.")
    qr_data_uri: str = seen(SEES, "The same for `<image src>`: works without a network.")
    created_at: Moment = seen(SEES, "Since when it exists.")

    @classmethod
    def of(cls, found: Code, known: list[Campaign], now: datetime) -> "ReferralCode":
        """A code as it is shown."""
        campaign = referrals.meant(known, found.campaign, now)
        link = None if campaign is None else campaign.link_of(found.code)
        drawing = qr(link or found.code)
        return cls(
            code=found.code,
            channel=found.channel,
            campaign=found.campaign,
            link=link,
            scene=found.scene,
            qr_svg=drawing,
            qr_data_uri=f"data:image/svg+xml;charset=utf-8,{quote(drawing)}",
            created_at=Moment(found.created_at),
        )


@strawberry.type(description="What a member's referrals have given them.")
class ReferralEarnings:
    points: Long = seen(SEES, "Points they were given, less those that were taken back.")
    growth: Long = seen(SEES, "Growth value, likewise.")
    qualified: int = seen(SEES, "How many referrals have qualified and still have.")
    pending: int = seen(SEES, "How many may yet qualify.")
    owed: Long = seen(SEES, "Points that were to be taken back and were not there: kept of what comes next.")


@strawberry.type(description="A milestone of a campaign that runs, and how far a member has come.")
class ReferralMilestoneProgress:
    campaign: str = seen(SEES, "The campaign's code.")
    qualified: int = seen(SEES, "How many referrals it takes.")
    reached: int = seen(SEES, "How many there are in this cycle.")
    points: Long = seen(SEES, "The points it gives.")
    growth: Long = seen(SEES, "The growth value it gives.")
    granted_at: Moment | None = seen(SEES, "When it was given in this cycle; null before.")
    revoked: bool = seen(SEES, "Whether it was taken back since. It is not given again in this cycle.")


@strawberry.type(description="A referral (推荐): who brought whom, and how far it has come.")
class Referral:
    referee_id: strawberry.ID = seen(STAFF, "Who was brought: a member's id.")
    referrer_id: strawberry.ID | None = seen(STAFF, "The member who brought them; null where it was a partner.")
    referee: MemberCard | None = seen(STAFF, "Who was brought.")
    referrer: MemberCard | None = seen(SEES, "The member who brought them; null where it was a partner.")
    code: str | None = seen(STAFF, "The code they came by.")
    channel: str | None = seen(SEES, "The channel of the code.")
    campaign: str = seen(SEES, "The campaign's code.")
    campaign_version: int = seen(STAFF, "The version that holds for it.")
    state: ReferralState = seen(SEES, "Where it stands.")
    cause: str = seen(SEES, "Why, in one word.")
    missing: Missing = seen(SEES, "What the referee has yet to do.")
    missing_minor: Long | None = seen(
        SEES, "How much, in minor units, where it is money; else null. Whoever brought them is not told."
    )
    bound_at: Moment = seen(SEES, "Since when.")
    valid_until: Moment = seen(SEES, "Until when it may qualify.")
    qualifies_at: Moment | None = seen(SEES, "When its hold ends, or ended; null before the qualifying act.")
    qualified_at: Moment | None = seen(SEES, "When it has qualified; null before.")
    reward_skipped: str | None = seen(
        STAFF, "Why the referrer was given nothing, in one word: `CAP`, `BUDGET`; null where they were, or will be."
    )
    score: int = seen(STAFF, "How suspicious it is; 0 for not at all.")
    spent_minor: Long = seen(STAFF, "What the referee has paid and not got back, as far as it counts.")


COLUMNS = (
    "f.referee_id, f.referrer_id, f.code, f.channel, f.campaign, f.campaign_version, f.state, f.cause, f.bound_at,"
    " f.valid_until, f.qualifies_at, f.qualified_at, f.reward_skipped, f.score, f.spent_minor, c.document"
)


def told(rows: Sequence[dict[str, Any]], shown: Sequence[MemberCard | None]) -> list[Referral]:
    """Referrals as they are shown, with the cards of both sides, the referee's first."""
    return [_told(row, *shown[2 * place : 2 * place + 2]) for place, row in enumerate(rows)]


def _told(row: dict[str, Any], referee: MemberCard | None, referrer: MemberCard | None) -> Referral:
    need = need_of(row)
    brought_by = row["referrer_id"]
    plain = ("code", "channel", "campaign", "campaign_version", "cause", "bound_at", "valid_until")
    more = ("qualifies_at", "qualified_at", "reward_skipped", "score")
    return Referral(
        referee_id=strawberry.ID(ids.encode(ids.Tag.MEMBER, row["referee_id"])),
        referrer_id=brought_by and strawberry.ID(ids.encode(ids.Tag.MEMBER, brought_by)),
        referee=referee,
        referrer=referrer,
        state=ReferralState(row["state"]),
        missing=need.what,
        missing_minor=None if need.minor is None else Long(need.minor),
        spent_minor=Long(row["spent_minor"]),
        **{name: row[name] for name in (*plain, *more)},
    )


async def shown(rows: Sequence[dict[str, Any]], context: Context) -> list[Referral]:
    """Referrals with the names of both sides."""
    people = [whose for row in rows for whose in (row["referee_id"], row["referrer_id"])]
    rows = [{**row, "cause": hushed(row, context)} for row in rows]
    return told(rows, await cards(people, context))


Channel = Annotated[str, strawberry.argument(description="Which channel's; `LINK` is the usual one.")]


async def codes_of(parents: Sequence["MemberReferral"], context: Context) -> list[list[ReferralCode]]:
    """The codes each member has."""
    return [[*each.values()] for each in await _codes(parents, context)]


async def code_of(
    parents: Sequence["MemberReferral"], context: Context, channel: Channel = USUAL
) -> list[ReferralCode | None]:
    """Each member's code for a channel."""
    return [each.get(channel) for each in await _codes(parents, context)]


CODES = SQL(
    "SELECT code, referrer_id, partner_id, channel, campaign, created_at, retired_at FROM referral_code"
    " WHERE referrer_id = ANY($1::uuid[]) AND retired_at IS NULL ORDER BY created_at, code",
    fans_out="a member's codes are found by whose they are",
)


async def _codes(parents: Sequence["MemberReferral"], context: Context) -> list[dict[str, ReferralCode]]:
    found: dict[UUID, dict[str, ReferralCode]] = {parent.member_id: {} for parent in parents}
    rows = await CODES.rows(list(found))
    known = await referrals.newest() if rows else []
    for row in rows:
        made = ReferralCode.of(Code(**row), known, context.now)
        found[row["referrer_id"]][made.channel] = made
    return [found[parent.member_id] for parent in parents]


EARNED = SQL(
    "SELECT member_id, COALESCE(SUM(points), 0)::bigint AS points, COALESCE(SUM(growth), 0)::bigint AS growth"
    " FROM referral_reward WHERE member_id = ANY($1::uuid[]) GROUP BY member_id",
    fans_out="a page of members shows what their referrals gave them",
)
COUNTED = SQL(
    "SELECT referrer_id, COUNT(*) AS n, SUM(CASE WHEN state IN ('QUALIFIED', 'REWARDED') THEN 1 ELSE 0 END)::bigint"
    " AS qualified, SUM(CASE WHEN state IN ('BOUND', 'QUALIFYING', 'REVIEW') THEN 1 ELSE 0 END)::bigint AS waiting"
    " FROM referral WHERE referrer_id = ANY($1::uuid[]) GROUP BY referrer_id",
    fans_out="whom a member brought is found by who brought them",
)
OWED = SQL(
    "SELECT member_id, owed FROM referral_debt WHERE member_id = ANY($1::uuid[])",
    fans_out="a page of members shows what their referrals gave them",
)


async def earnings_of(parents: Sequence["MemberReferral"], context: Context) -> list[ReferralEarnings]:
    """What each member's referrals have given them."""
    del context
    persons = await heirs.persons([parent.member_id for parent in parents])
    whose = [each for members in persons.values() for each in members]
    earned = {row["member_id"]: row for row in await EARNED.rows(whose)}
    counted = {row["referrer_id"]: row for row in await COUNTED.rows(whose)}
    owed = {row["member_id"]: row for row in await OWED.rows(whose)}
    return [
        ReferralEarnings(
            points=Long(_sum(earned, members, "points")),
            growth=Long(_sum(earned, members, "growth")),
            qualified=_sum(counted, members, "qualified"),
            pending=_sum(counted, members, "waiting"),
            owed=Long(_sum(owed, members, "owed")),
        )
        for members in (persons[parent.member_id] for parent in parents)
    ]


def _sum(rows: dict[UUID, dict[str, Any]], members: Sequence[UUID], name: str) -> int:
    """What the members a person is made of come to together."""
    return sum(rows[each][name] for each in members if each in rows)


TALLIES = SQL(
    "SELECT member_id, campaign, period, starts_on::text AS starts, qualified FROM referral_tally"
    " WHERE member_id = ANY($1::uuid[]) AND starts_on = ANY($2::date[])",
    fans_out="a page of members shows how far each has come",
)
REACHED = SQL(
    "SELECT member_id, campaign, milestone, cycle::text AS starts, reached_at, revoked_at FROM referral_milestone"
    " WHERE member_id = ANY($1::uuid[]) AND cycle = ANY($2::date[])",
    fans_out="a page of members shows how far each has come",
)


async def milestones_of(
    parents: Sequence["MemberReferral"], context: Context
) -> list[list[ReferralMilestoneProgress]]:
    """How far each member has come towards the milestones of the campaigns that run."""
    running = [each for each in await referrals.newest() if each.runs(context.now) and each.milestones]
    if not running:
        return [[] for _ in parents]
    today = local_day(context.now, (await context.reference.terms()).timezone)
    cycles = {each.code: referrals.start_of(each.cycle, today) for each in running}
    persons, starts = await heirs.persons([parent.member_id for parent in parents]), sorted(set(cycles.values()))
    whose = list({each for members in persons.values() for each in members})
    counted = {
        (row["member_id"], row["campaign"], TallyPeriod(row["period"]), row["starts"]): row["qualified"]
        for row in await TALLIES.rows(whose, starts)
    }
    reached = {
        (row["member_id"], row["campaign"], row["milestone"], row["starts"]): row
        for row in await REACHED.rows(whose, starts)
    }
    return [
        [
            ReferralMilestoneProgress(
                campaign=campaign.code,
                qualified=each.qualified,
                reached=sum(counted.get((who, campaign.code, campaign.cycle, start), 0) for who in members),
                points=Long(each.points),
                growth=Long(each.growth),
                granted_at=found["reached_at"] if found else None,
                revoked=bool(found and found["revoked_at"]),
            )
            for campaign in running
            for start in (cycles[campaign.code].isoformat(),)
            for each in campaign.milestones
            for had in ([reached.get((who, campaign.code, each.qualified, start)) for who in members],)
            for found in (next(filter(None, had), None),)
        ]
        for members in (persons[parent.member_id] for parent in parents)
    ]


BROUGHT = SQL(
    f"SELECT {COLUMNS} FROM {JOINED} WHERE f.referee_id = ANY($1::uuid[])",  # noqa: S608  constants
    fans_out="a page of members shows who brought each",
)


async def brought_by(parents: Sequence["MemberReferral"], context: Context) -> list[Referral | None]:
    """Who brought each member, also as who they were before they were merged; None where nobody did."""
    persons = await heirs.persons([parent.member_id for parent in parents])
    rows = await BROUGHT.rows([each for members in persons.values() for each in members])
    found = {row["referee_id"]: each for row, each in zip(rows, await shown(rows, context), strict=True)}
    return [_live([found[each] for each in persons[parent.member_id] if each in found]) for parent in parents]


def _live(known: list[Referral]) -> Referral | None:
    """Of the referrals of a person that which counts, else the first: their own, if they have one."""
    return next((each for each in known if each.state not in referrals.OVER), known[0] if known else None)


@strawberry.type(description="What a member has to do with referrals.")
class MemberReferral:
    member_id: strawberry.Private[UUID]
    codes: list[ReferralCode] = related(SEES, "Their codes, the oldest first, 20 at most.", codes_of)
    code: ReferralCode | None = related(
        SEES, "Their code for a channel; null before `referralCodeCreate` made one.", code_of
    )
    invitees: Connection[ReferralInvitee] = related(SEES, "Whom they brought, the newest first.", invitees_of)
    earnings: ReferralEarnings = related(SEES, "What that gave them.", earnings_of)
    milestones: list[ReferralMilestoneProgress] = related(
        SEES, "The milestones of the campaigns that run, and how far they have come.", milestones_of
    )
    brought_by: Referral | None = related(SEES, "Who brought them; null where nobody did.", brought_by)


def referral_of(parents: Sequence[HasMember], context: Context) -> list[MemberReferral]:
    """What each member has to do with referrals: read when something of it is asked for."""
    del context
    return [MemberReferral(member_id=parent.member_id) for parent in parents]
