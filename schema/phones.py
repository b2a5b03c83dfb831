"""Phones: how a member links the number that WeChat vouches for, and who they are then."""

import strawberry

from models.credentials import PrincipalKind
from models.members import MemberState
from models.sql import SQL
from rules import credentials, phones
from rules.phones import PhoneCodeRefused
from rules.refusals import NotFound
from schema.context import Info
from schema.errors import UserError, command
from schema.identities import MemberPhone, phone_of
from schema.permissions import MEMBER, seen
from schema.sessions import TEXT_MAX, Tokens, outside_of, tokens_of

STATE = SQL("SELECT state FROM member WHERE id = $1")


@strawberry.input(description="A phone number to link.")
class MemberPhoneLinkInput:
    phone_code: str = strawberry.field(
        description="What the button `getPhoneNumber` gave the mini-program. It is good once, for five minutes; "
        "after a lost answer send the same again."
    )


@strawberry.type(description="What linking a phone came to.")
class MemberPhoneLinkPayload:
    phone: MemberPhone | None = seen(MEMBER, "The member's phone; null when refused.", default=None)
    already_linked: bool = seen(MEMBER, "Whether they had one, so that WeChat was not asked.", default=False)
    member_state: MemberState | None = seen(MEMBER, "Where the membership stands; null when refused.", default=None)
    tokens: Tokens | None = seen(
        MEMBER,
        "Fresh tokens, when the phone is that of a member whom you are from now on. The old ones are dead.",
        default=None,
    )
    user_errors: list[UserError] = seen(MEMBER, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type
class PhonesMutation:
    """How a member's phone is linked."""

    @command(
        MEMBER,
        "Link the phone number that WeChat vouches for. When it is the number of a member whom the shop knows, you "
        "are that member from now on, with their points, and get fresh tokens. Who has a verified phone is "
        "answered without asking WeChat, which costs money: ask `me { phone { verified } }` before you show the "
        "button.",
        MemberPhoneLinkPayload,
        phones.link,
    )
    async def member_phone_link(self, info: Info, input: MemberPhoneLinkInput) -> MemberPhoneLinkPayload | None:
        """Link a phone.

        Raises: NotFound, LoginRefused, PhoneCodeRefused, PhoneLookupsSpent, WechatUnavailable.
        """
        context = info.context
        own, who = context.member_id, context.principal
        if own is None or who is None:
            raise NotFound
        tokens, device, whose = None, None, own
        already = await phones.has_proven(own)
        if not already:
            if not 0 < len(input.phone_code) <= TEXT_MAX:
                raise PhoneCodeRefused
            phone = await outside_of(info).wechat_phone(input.phone_code, str(own))
            # whom they were is forgotten with their devices
            device = await credentials.device_of(who.login) if who.login else None
            whose = await phones.link(own, phone, now=context.now)
        if whose != own:
            issued = await credentials.log_in(
                PrincipalKind.MEMBER, whose, actor=context.actor, device=device, now=context.now
            )
            tokens = tokens_of(issued)
        return MemberPhoneLinkPayload(
            phone=await phone_of(whose),
            already_linked=already,
            member_state=MemberState(await STATE.value(whose)),
            tokens=tokens,
        )
