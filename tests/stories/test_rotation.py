"""Rotation: a new master key opens what the old one did, and the old one opens nothing any more."""

import base64
from uuid import UUID

import pytest

from api.settings import SettingError, next_master_key, settings
from models.members import IdentityKind
from rules import keyring, lifecycle, members, rotation, vault
from rules.actors import SYSTEM
from rules.members import Profile
from tests.api.conftest import shell as shell
from tests.api.shell import Shell
from tests.people import MASTER_KEY, NOON, member, phone

NEXT = bytes(range(32, 64))
NEXT_KEY = base64.b64encode(NEXT).decode()
OLD, NEW = vault.master(MASTER_KEY), vault.master(NEXT)
MEI = "+8613800138001"


async def name_of(who: UUID) -> str | None:
    sealed = await members.PROFILE.value(who)
    return members.open_profiles([(who, await keyring.wrapped(who), sealed)])[0].display_name


def test_after_a_rotation_the_new_key_opens_everything_and_the_old_one_nothing(shell: Shell) -> None:
    assert shell("init").code == 0
    mei = shell.look(lambda: member("Mei", MEI))
    sealed = shell.look(lambda: _house())
    said = shell("vault", "rotate", LOYALTY_MASTER_KEY_NEXT=NEXT_KEY)
    assert (said.code, "keys are wrapped anew" in said.out) == (0, True), said.err
    assert "keep the old one until" in said.out
    refused = shell("verify")
    assert refused.is_clear
    assert "another master key" in refused.err
    shell.environment["LOYALTY_MASTER_KEY"] = NEXT_KEY
    assert shell("verify").code == 0
    assert shell.look(lambda: name_of(mei), NEXT) == "Mei"
    assert shell.look(lambda: members.find(phone(MEI)), NEXT) == mei, "no identity was hashed anew"
    assert shell.look(lambda: _open(sealed), NEXT) == "a second factor"
    shell.look(lambda: member("Wang"), NEXT)
    stands = shell("vault", "status")
    assert "master key 2" in stands.out
    assert "master key 1" not in stands.out


async def _house() -> bytes:
    return vault.unlocked().seal_house("totp", "a second factor")


async def _open(sealed: bytes) -> str:
    return vault.unlocked().open_house("totp", sealed)


def test_an_interrupted_rotation_needs_both_keys_and_is_taken_up_again(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shell("init").code == 0
    people = [shell.look(lambda n=n: member(f"Member {n}")) for n in range(3)]  # type: ignore[misc]
    monkeypatch.setattr(rotation, "BATCH", 2)

    async def begin() -> None:
        generation = await rotation._begin(OLD, NEW)
        assert await rotation._rewrap(OLD, NEW, generation) == 2

    shell.look(begin)
    for only in (None, NEXT_KEY):
        said = shell("verify", **({"LOYALTY_MASTER_KEY": only} if only else {}))
        assert said.is_clear, said.out
    both = {"LOYALTY_MASTER_KEY_NEXT": NEXT_KEY}
    assert "under way" in shell("vault", "status", **both).out
    assert [shell.look(lambda who=who: name_of(who), MASTER_KEY, NEXT) for who in people] == [  # type: ignore[misc]
        f"Member {n}" for n in range(3)
    ]
    assert shell("vault", "rotate", **both).code == 0
    assert [shell.look(lambda who=who: name_of(who), NEXT) for who in people] == [  # type: ignore[misc]
        f"Member {n}" for n in range(3)
    ]


def test_while_keys_are_wrapped_anew_a_server_with_both_goes_on_and_one_with_the_old_makes_none(
    shell: Shell,
) -> None:
    assert shell("init").code == 0

    async def live() -> None:
        mei = await member("Mei")
        await rotation.rotate(OLD, NEW, lambda _: None)
        keyring._pools.clear()
        wang = await member("Wang")
        assert [await name_of(who) for who in (mei, wang)] == ["Mei", "Wang"]
        vault.unlock(vault.Vault((OLD,), vault.unlocked().indexing, vault.unlocked().house))
        keyring._pools.clear()
        odd = members.identity(IdentityKind.CARD, "shop", "A1")
        with pytest.raises(keyring.KeysMoved):
            await lifecycle.enroll(None, [odd], Profile(), actor=SYSTEM, now=NOON)

    shell.look(live, MASTER_KEY, NEXT)


def test_a_rotation_wants_a_next_key_that_is_one(shell: Shell) -> None:
    assert shell("init").code == 0
    said = shell("vault", "rotate")
    assert said.is_clear
    assert "LOYALTY_MASTER_KEY_NEXT" in said.err
    with pytest.raises(SettingError, match="NEXT_FILE"):
        next_master_key({"LOYALTY_MASTER_KEY_NEXT_FILE": "/nowhere/at/all"})


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"LOYALTY_DATABASE_URL": "postgres://db/shop", "LOYALTY_ENV": "production"}, "second database"),
        (
            {
                "LOYALTY_DATABASE_URL": "postgres://db/shop",
                "LOYALTY_KEYS_URL": "sqlite://keys.db",
                "LOYALTY_ENV": "production",
            },
            "is in PostgreSQL",
        ),
        ({"LOYALTY_DATABASE_URL": "postgres://db/shop", "LOYALTY_WORKERS": "2"}, "needs a key store in PostgreSQL"),
        (
            {"LOYALTY_DATABASE_URL": "postgres://db/shop", "LOYALTY_KEYS_URL": "postgresql://mei@db:5432/shop"},
            "names the main database",
        ),
        (
            {"LOYALTY_DATABASE_URL": "sqlite://a.db", "LOYALTY_KEYS_URL": "sqlite://./a.db"},
            "names the main database",
        ),
        ({"LOYALTY_KEYS_URL": "nonsense"}, "LOYALTY_KEYS_URL"),
    ],
)
def test_a_place_that_would_undo_what_the_keys_are_apart_for_is_refused(
    given: dict[str, str], complaint: str
) -> None:
    with pytest.raises(SettingError, match=complaint):
        settings({"LOYALTY_WECHAT_BASE": "https://wechat.example", **given})


@pytest.mark.parametrize(
    ("url", "keys"),
    [
        ("sqlite://var/loyalty.db", "sqlite://var/loyalty.keys.db"),
        ("sqlite:///srv/a.b/shop?durability=off", "sqlite:///srv/a.b/shop.keys?durability=off"),
        ("postgres://mei@db/my-shop", "sqlite://var/my_shop.keys.db"),
    ],
)
def test_where_nobody_says_the_keys_are_beside_the_database(url: str, keys: str) -> None:
    assert settings({"LOYALTY_DATABASE_URL": url}).keys_url == keys
