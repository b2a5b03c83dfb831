"""The whole schema, assembled."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import strawberry
from graphql import GraphQLError, GraphQLOneOfDirective
from strawberry.schema.config import StrawberryConfig
from strawberry.schema_directives import OneOf
from strawberry.types import ExecutionContext

from models.credentials import PrincipalKind
from schema import ids
from schema.approvals import Approval, ApprovalsMutation, ApprovalsQuery, approval
from schema.audit import AuditQuery
from schema.benefits import BenefitsMutation
from schema.codes import CodesMutation
from schema.context import Context, Info
from schema.documents import DocumentsMutation, DocumentsQuery
from schema.earning import EarningMutation, EarningQuery
from schema.entrance import EntranceMutation
from schema.errors import ANSWERS, bad_input
from schema.events import EventsQuery, EventsSubscription
from schema.finance import FinanceQuery
from schema.gate import Gate
from schema.ids import Tag
from schema.keys import KeysMutation, KeysQuery
from schema.lint import LintQuery
from schema.logins import LoginsMutation
from schema.members import (
    LeavingMutation,
    Member,
    MembersMutation,
    MembersQuery,
    MergingMutation,
    MergingQuery,
    member,
)
from schema.memberships import MembershipsMutation, MembershipsQuery
from schema.partners import LinksMutation, PartnersMutation, PartnersQuery, SettlementsMutation
from schema.permissions import ANYBODY_KNOWN, ARGUMENTS, PUBLIC, Auth, asked
from schema.phones import PhonesMutation
from schema.points import (
    HoldsMutation,
    PayingQuery,
    PendingMutation,
    PointsEntry,
    PointsHold,
    PointsMutation,
    PointsQuery,
    TransfersMutation,
    TransfersQuery,
    entry,
    hold,
)
from schema.policy import PolicyMutation, PolicyQuery
from schema.programme import ProgrammeQuery
from schema.purchases import Purchase, PurchasesMutation, PurchasesQuery, purchase
from schema.referrals import ReferralsMutation, ReferralsQuery, ReviewsMutation, ReviewsQuery
from schema.reveals import RevealsMutation
from schema.scalars import SCALARS
from schema.schemes import SchemesMutation, SchemesQuery
from schema.sessions import SessionsMutation
from schema.staff import StaffMutation, StaffQuery
from schema.tiers import Node, Tier, ladder
from schema.webhooks import WebhooksMutation, WebhooksQuery

NODES_MAX = 100

FINDERS: dict[Tag, Callable[..., Awaitable[Node | None]]] = {
    Tag.MEMBER: lambda _, *parts: member(*parts),
    Tag.POINTS_ENTRY: lambda _, *parts: entry(*parts),
    Tag.POINTS_HOLD: hold,
    Tag.PURCHASE: purchase,
    Tag.APPROVAL: approval,
}
"""How each type that belongs to a member is found, for a caller, by the parts of its id, the member's first."""


async def fetch(context: Context, text: str) -> Node | None:
    """Whatever an id means and the caller may see; None for all else."""
    said = ids.read(text)
    if said is None:
        return None
    tag, parts = said
    if tag is Tag.TIER:
        steps = (await ladder(context)).steps
        return steps[str(parts[0])].tier if str(parts[0]) in steps else None
    find = FINDERS.get(tag)
    return await find(context, *parts) if find and _sees(context, parts[0]) else None


def _sees(context: Context, member_id: UUID) -> bool:
    """Whether the caller may be shown that member: themselves, or any member for staff and services."""
    if context.principal is None:
        return False
    if context.principal.kind is PrincipalKind.MEMBER:
        return context.member_id == member_id
    return context.principal.kind in (PrincipalKind.STAFF, PrincipalKind.SERVICE)


@strawberry.type(description="What may be asked.")
class Query(
    ApprovalsQuery,
    MembersQuery,
    MergingQuery,
    PointsQuery,
    PayingQuery,
    TransfersQuery,
    PurchasesQuery,
    PolicyQuery,
    ProgrammeQuery,
    SchemesQuery,
    MembershipsQuery,
    DocumentsQuery,
    EarningQuery,
    EventsQuery,
    KeysQuery,
    WebhooksQuery,
    AuditQuery,
    FinanceQuery,
    LintQuery,
    PartnersQuery,
    ReferralsQuery,
    ReviewsQuery,
    StaffQuery,
):
    """What may be asked."""

    @asked(PUBLIC, "Whatever has this id; null when there is none, or it is not for you.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The id.")]
    ) -> Node | None:
        """One object by its id."""
        return await fetch(info.context, id)

    @asked(ANYBODY_KNOWN, f"Whatever has these ids, in their order; {NODES_MAX} at most.")
    async def nodes(
        self, info: Info, ids: Annotated[list[strawberry.ID], strawberry.argument(description="The ids.")]
    ) -> list[Node | None] | None:
        """Several objects by their ids."""
        if len(ids) > NODES_MAX:
            raise bad_input(f"Ask for {NODES_MAX} nodes at most.")
        return [await fetch(info.context, each) for each in ids]


@strawberry.type(description="What may be done.")
class Mutation(
    ApprovalsMutation,
    RevealsMutation,
    MembersMutation,
    MergingMutation,
    LeavingMutation,
    SessionsMutation,
    LoginsMutation,
    CodesMutation,
    PhonesMutation,
    PurchasesMutation,
    PointsMutation,
    HoldsMutation,
    TransfersMutation,
    PendingMutation,
    PolicyMutation,
    SchemesMutation,
    MembershipsMutation,
    BenefitsMutation,
    DocumentsMutation,
    EarningMutation,
    KeysMutation,
    WebhooksMutation,
    EntranceMutation,
    PartnersMutation,
    LinksMutation,
    ReferralsMutation,
    ReviewsMutation,
    SettlementsMutation,
    StaffMutation,
):
    """What may be done."""


@strawberry.type(description="What may be followed, over a WebSocket.")
class Subscription(EventsSubscription):
    """What may be followed."""


class Schema(strawberry.Schema):
    """Strawberry's schema, without its own error log: that would write down documents, and with them people."""

    def describe_directives(self) -> None:
        """Say what its directives and their arguments are for; strawberry has no words for these."""
        own = self._schema_graphql_directives
        own[OneOf].description = GraphQLOneOfDirective.description
        for name, argument in own[Auth].args.items():
            argument.description = ARGUMENTS[name]

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """The gate logs faults; mistakes are the client's."""


schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[Approval, Member, PointsEntry, PointsHold, Purchase, Tier, *dict.fromkeys(ANSWERS.values())],
    extensions=[Gate],
    config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
)
"""The schema everything is served from; `schema/schema.graphql` is its printed form."""

schema.describe_directives()
