"""Member codes: shown by a member at the counter, read there instead of a phone number."""

from urllib.parse import quote

import strawberry

from rules import attempts, codes
from rules.codes import LIVES, Shown
from rules.refusals import NotFound
from schema.context import Info
from schema.drawing import qr
from schema.errors import UserError, command
from schema.members import Member, member
from schema.permissions import COUNTER, MEMBER, READS_MEMBERS, seen
from schema.scalars import Moment

READS = COUNTER | READS_MEMBERS
GUESSES = "member code"


@strawberry.type(description="A member code (会员码), told once: to be shown as a QR code, a barcode or digits.")
class MemberCode:
    code: str = seen(MEMBER, "18 digits, the last of which is a check digit. As a barcode it is Code 128.")
    expires_at: Moment = seen(MEMBER, "When it ends.")
    expires_in: int = seen(MEMBER, "In how many seconds it ends: clocks of phones are wrong.")
    qr_svg: str = seen(MEMBER, "The QR code as SVG text, black on white, of the size you give it.")
    qr_data_uri: str = seen(MEMBER, "The same for `<image src>`: works without a network.")

    @classmethod
    def of(cls, shown: Shown) -> "MemberCode":
        """The code as it is shown."""
        drawing = qr(shown.code)
        return cls(
            code=shown.code,
            expires_at=Moment(shown.expires_at),
            expires_in=int(LIVES.total_seconds()),
            qr_svg=drawing,
            qr_data_uri=f"data:image/svg+xml;charset=utf-8,{quote(drawing)}",
        )


@strawberry.type(description="A fresh member code.")
class MemberCodePayload:
    member_code: MemberCode | None = seen(MEMBER, "The code; null when refused.", default=None)
    user_errors: list[UserError] = seen(MEMBER, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="Whose a member code is.")
class MemberCodeReadPayload:
    member: Member | None = seen(READS, "The member; null when refused.", default=None)
    user_errors: list[UserError] = seen(READS, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="A member code to read.")
class MemberCodeReadInput:
    code: str = strawberry.field(description="What was scanned or typed; spaces and hyphens do not matter.")


@strawberry.type
class CodesMutation:
    """How members are known at the counter."""

    @command(
        MEMBER,
        "A fresh code to show at the counter: for 60 seconds, and for one reader. The code before it ends, unless "
        "it was read. Ask again when it has expired or was read.",
        MemberCodePayload,
        codes.show,
    )
    async def member_code_create(self, info: Info) -> MemberCodePayload | None:
        """Show a code.

        Raises: NotFound.
        """
        own = info.context.member_id
        if own is None:
            raise NotFound
        return MemberCodePayload(member_code=MemberCode.of(await codes.show(own, now=info.context.now)))

    @command(
        READS,
        "Whose a member code is. The first to read it may read it again until it expires, when an answer was lost; "
        "to everybody else it is like one that never was.",
        MemberCodeReadPayload,
        codes.read,
        attempts.check_tally,
    )
    async def member_code_read(self, info: Info, input: MemberCodeReadInput) -> MemberCodeReadPayload | None:
        """Read a code. Codes that never were are counted, so that nobody guesses for long.

        Raises: NotFound.
        """
        context = info.context
        reader = context.actor.principal
        await attempts.check_tally(GUESSES, reader, now=context.now)
        found = await codes.read(input.code, actor=context.actor, now=context.now)
        if found is None:
            await attempts.tally(GUESSES, reader, now=context.now)
            raise NotFound
        return MemberCodeReadPayload(member=await member(found))
