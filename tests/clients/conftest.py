"""What the tests of the clients share."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from api.simulator import person
from models.members import IdentityKind
from rules import lifecycle, members
from rules.members import Profile
from tests.clients.phone import APPID, URL, Phone, phone_of
from tests.people import NOON, SHOP, buy, programme


@pytest.fixture
async def phone(anyio_backend: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Phone]:
    """A phone before the real application. The mini-program on it has made its client."""
    async with phone_of(monkeypatch) as made:
        made.engine.eval(
            f"const {{ createClient, LoyaltyError, taro, uniApp }} = require('./loyalty/index');"
            f"var client = createClient({{ url: '{URL}' }});"
        )
        yield made


@pytest.fixture
async def mei(_clean: None) -> UUID:
    """Mei, a member by her WeChat, with 100 points of a tea house's programme."""
    await programme()
    known = members.identity(IdentityKind.WECHAT_OPENID, APPID, person(APPID, "mei"), verified=True)
    who, _ = await lifecycle.enroll(None, [known], Profile(display_name="小梅"), actor=SHOP, now=NOON)
    await buy(who, 100_00)
    return who
