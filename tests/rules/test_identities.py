"""Identities: many ways to write one name, one canonical form, and a mask that does not tell it."""

import unicodedata
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.members import IdentityKind
from rules.members import IdentityInvalid, Profile, ProfileInvalid, birthday_at, check_profile, identity

PHONE, CARD, EXTERNAL = IdentityKind.PHONE, IdentityKind.CARD, IdentityKind.EXTERNAL
TODAY = date(2026, 3, 10)
RLO, NUL, LONE, ZERO_WIDTH = "\u202e", "\x00", "\ud800", "\u200b"


@pytest.mark.parametrize(
    ("written", "canonical", "mask"),
    [
        ("13800138000", "+8613800138000", "138****8000"),
        ("+86 138 0013 8000", "+8613800138000", "138****8000"),
        ("0086-138-0013-8000", "+8613800138000", "138****8000"),
        ("１３８００１３８０００", "+8613800138000", "138****8000"),
        ("  13800138000\n", "+8613800138000", "138****8000"),
        ("+852 9123 4567", "+85291234567", "+85****4567"),
        ("+1 (415) 555-2671", "+14155552671", "+14****2671"),
    ],
)
def test_a_phone_is_known_by_its_international_number(written: str, canonical: str, mask: str) -> None:
    who = identity(PHONE, "whatever", written)
    assert (who.value, who.namespace, who.mask) == (canonical, "", mask)
    assert who.hash == identity(PHONE, "", canonical).hash


@pytest.mark.parametrize(
    "written",
    [
        "",
        "123",
        "mei@example.com",
        "13800138000 or 13900139000",
        "138-0013-8000 ext. 22",
        f"138{NUL}00138000",
        f"{LONE}13800138000",
        f"{RLO}13800138000",
        f"1380013800{ZERO_WIDTH}0",
        "9" * 10_000,
    ],
)
def test_what_is_no_phone_number_is_refused(written: str) -> None:
    with pytest.raises(IdentityInvalid) as refused:
        identity(PHONE, "", written)
    assert refused.value.kind is PHONE


def test_an_external_id_is_the_same_however_its_accents_are_composed() -> None:
    composed, apart = "Zoe\u0308-17", "Zo\u00eb-17"
    assert identity(EXTERNAL, "till", composed) == identity(EXTERNAL, "till", apart)
    assert identity(EXTERNAL, "cafe\u0301", "17") == identity(EXTERNAL, "caf\u00e9", "17")


def test_an_external_id_keeps_its_case_and_a_card_does_not() -> None:
    assert identity(EXTERNAL, "till", "ab17").value == "ab17"
    assert identity(CARD, "", "ab17").value == "AB17"
    assert identity(CARD, "", "ＡＢ１７").value == "AB17"


def test_the_same_number_in_another_system_is_another_identity() -> None:
    hashes = {
        identity(kind, where, "17").hash for kind in (EXTERNAL, CARD, IdentityKind.WECHAT_OPENID) for where in "ab"
    }
    assert len(hashes) == 6


@pytest.mark.parametrize("kind", [EXTERNAL, CARD, IdentityKind.WECHAT_OPENID, IdentityKind.WECHAT_UNIONID])
@pytest.mark.parametrize(
    "text", ["", "   ", f"a{NUL}b", f"a{LONE}", f"a{RLO}b", f"a{ZERO_WIDTH}", "a\nb", "x" * 129]
)
def test_empty_overlong_and_unprintable_values_are_refused(kind: IdentityKind, text: str) -> None:
    with pytest.raises(IdentityInvalid):
        identity(kind, "till", text)
    with pytest.raises(IdentityInvalid):
        identity(EXTERNAL, text if text.strip() else "n" * 65, "17")


def test_the_longest_value_is_accepted() -> None:
    assert len(identity(EXTERNAL, "n" * 64, "茶" * 128).value) == 128


@given(st.text(min_size=0, max_size=200))
@example("000000000")
def test_any_text_is_either_refused_or_kept_plain_and_stable(text: str) -> None:
    for kind in IdentityKind:
        try:
            who = identity(kind, "till", text)
        except IdentityInvalid:
            continue
        assert identity(kind, who.namespace, who.value) == who
        assert who.hash
        assert unicodedata.is_normalized("NFC", who.value)
        who.value.encode()


@pytest.mark.parametrize(
    ("value", "mask"),
    [("1", "****"), ("1234567", "****67"), ("123456789012345", "****2345"), ("会员卡一号", "****号")],
)
def test_a_mask_never_tells_the_whole(value: str, mask: str) -> None:
    assert identity(EXTERNAL, "till", value).mask == mask


def test_a_profile_is_kept_trimmed_and_composed() -> None:
    told = check_profile(Profile("  Zoe\u0308 ", "https://example.com/a.png", date(1990, 5, 5)), today=TODAY)
    assert told == Profile("Zo\u00eb", "https://example.com/a.png", date(1990, 5, 5), TODAY)
    assert check_profile(Profile(), today=TODAY) == Profile()


@pytest.mark.parametrize(
    ("profile", "part"),
    [
        (Profile(display_name=""), "displayName"),
        (Profile(display_name="   "), "displayName"),
        (Profile(display_name="x" * 41), "displayName"),
        (Profile(display_name=f"Mei{RLO}"), "displayName"),
        (Profile(display_name=f"Mei{LONE}"), "displayName"),
        (Profile(avatar_url="http://example.com/a.png"), "avatarUrl"),
        (Profile(avatar_url="javascript:alert(1)"), "avatarUrl"),
        (Profile(avatar_url="https://[broken"), "avatarUrl"),
        (Profile(avatar_url="https://"), "avatarUrl"),
        (Profile(avatar_url="https://example.com/" + "a" * 300), "avatarUrl"),
        (Profile(birthday=date(1899, 12, 31)), "birthday"),
        (Profile(birthday=date(2026, 3, 11)), "birthday"),
    ],
)
def test_a_profile_that_cannot_be_kept_is_refused_by_its_part(profile: Profile, part: str) -> None:
    with pytest.raises(ProfileInvalid) as refused:
        check_profile(profile, today=TODAY)
    assert refused.value.part == part


def test_who_was_born_today_may_join() -> None:
    assert check_profile(Profile(birthday=TODAY), today=TODAY).birthday == TODAY


@pytest.mark.parametrize(
    ("told", "day", "counts"),
    [
        (date(2026, 2, 28), date(2026, 3, 1), True),
        (date(2026, 3, 1), date(2026, 3, 31), False),
        (date(2026, 3, 31), date(2026, 4, 1), True),
        (None, TODAY, True),
    ],
)
def test_a_birthday_counts_from_the_month_after_it_was_told(told: date | None, day: date, counts: bool) -> None:
    profile = Profile(birthday=TODAY, birthday_told_on=told)
    assert (birthday_at(profile, day) == TODAY) is counts
