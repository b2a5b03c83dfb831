"""The vault: sealed values open with their member's key, in their column, and nowhere else."""

from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from models.members import IdentityKind
from rules import vault
from tests.people import MASTER_KEY

MEI, WANG = UUID(int=1), UUID(int=2)
OURS = vault.vault(MASTER_KEY)
THEIRS = vault.vault(bytes(reversed(MASTER_KEY)))


@given(st.text(st.characters(codec="utf-8")))
def test_what_is_sealed_opens_as_it_was(text: str) -> None:
    key = OURS.new_key(MEI)
    assert OURS.open(key, MEI, "profile", OURS.seal(key, MEI, "profile", text)) == text


def test_the_same_text_is_never_sealed_alike() -> None:
    key = OURS.new_key(MEI)
    sealed = {OURS.seal(key, MEI, "profile", "Mei") for _ in range(100)}
    assert len(sealed) == 100
    assert not any(b"Mei" in each for each in sealed)


def test_a_value_moved_to_another_column_or_member_does_not_open() -> None:
    key, wangs = OURS.new_key(MEI), OURS.new_key(WANG)
    sealed = OURS.seal(key, MEI, "profile", "Mei")
    for wrapped, whose, column in [(key, MEI, "identity"), (key, WANG, "profile"), (wangs, WANG, "profile")]:
        with pytest.raises(InvalidTag):
            OURS.open(wrapped, whose, column, sealed)


def test_a_members_key_moved_to_another_member_does_not_open() -> None:
    key = OURS.new_key(MEI)
    with pytest.raises(InvalidTag):
        OURS.seal(key, WANG, "profile", "Wang")


def test_another_master_key_opens_nothing_and_finds_nothing() -> None:
    key = OURS.new_key(MEI)
    sealed = OURS.seal(key, MEI, "profile", "Mei")
    with pytest.raises(InvalidTag):
        THEIRS.open(key, MEI, "profile", sealed)
    ours, theirs = (each.index(IdentityKind.PHONE, "", "+8613800138000") for each in (OURS, THEIRS))
    assert ours != theirs
    assert OURS.check != THEIRS.check


def test_a_changed_byte_is_noticed() -> None:
    key = OURS.new_key(MEI)
    sealed = OURS.seal(key, MEI, "profile", "Mei")
    for place in range(1, len(sealed)):
        broken = bytearray(sealed)
        broken[place] ^= 1
        with pytest.raises(InvalidTag):
            OURS.open(key, MEI, "profile", bytes(broken))


def test_a_value_of_another_scheme_is_told_apart() -> None:
    key = OURS.new_key(MEI)
    for sealed in (b"", b"\x02" + b"x" * 40):
        with pytest.raises(ValueError, match="another scheme"):
            OURS.open(key, MEI, "profile", sealed)


def test_the_blind_index_cannot_be_confused_by_where_its_parts_end() -> None:
    kind = IdentityKind.EXTERNAL
    hashes = {OURS.index(kind, "ab", "c"), OURS.index(kind, "a", "bc"), OURS.index(kind, "", "abc")}
    assert len(hashes) == 3
    assert OURS.index(kind, "ab", "c") in hashes


def test_a_secret_of_the_house_opens_for_its_purpose_and_no_other() -> None:
    sealed = OURS.seal_house("totp", "a secret")
    assert OURS.open_house("totp", sealed) == "a secret"
    assert b"a secret" not in sealed
    assert sealed != OURS.seal_house("totp", "a secret")
    for keys, purpose in ((OURS, "codes"), (THEIRS, "totp")):
        with pytest.raises(InvalidTag):
            keys.open_house(purpose, sealed)


def test_a_mark_is_the_same_for_the_same_texts_and_key_and_purpose() -> None:
    assert OURS.mark("attempt", "ab", "c") == OURS.mark("attempt", "ab", "c")
    others = [OURS.mark("attempt", "a", "bc"), OURS.mark("attempt", "abc"), OURS.mark("attempt", "ab\x1f1:c")]
    marks = {OURS.mark("attempt", "ab", "c"), *others, OURS.mark("codes", "ab", "c")}
    marks.add(THEIRS.mark("attempt", "ab", "c"))
    assert len(marks) == 6
    assert {len(mark) for mark in marks} == {64}


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_master_key_has_32_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        vault.vault(bytes(length))


def test_a_vault_never_tells_its_keys_when_it_is_printed() -> None:
    for key in (OURS.masters[0].wrapping, OURS.indexing, OURS.house):
        assert key.hex() not in repr(OURS)
        assert repr(key) not in repr(OURS)


def test_a_locked_vault_says_so() -> None:
    vault._unlocked.clear()
    try:
        with pytest.raises(RuntimeError, match="locked"):
            vault.unlocked()
    finally:
        vault.unlock(MASTER_KEY)
    assert vault.unlocked().check == OURS.check
