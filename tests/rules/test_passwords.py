"""Passwords: any that is long enough and not everybody's first idea; typed alike on every keyboard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.passwords import (
    LENGTHS,
    PasswordLength,
    PasswordTooCommon,
    check_password,
    normalised,
    novelty,
)

OFTEN = (
    "password1234",
    "passwordpassword",
    "P@55w0rd1234",
    "Dragon@@@@2024",
    "qwertyuiop12",
    "1q2w3e4r5t6y",
    "123456789012",
    "098765432109",
    "aaaaaaaaaaaa",
    "abababababab",
    "abcdefghijkl",
    "iloveyou2024!",
    "administrator",
    "admin@admin.com",
    "dragonmonkey12",
    "woaini521521",
    "zhangwei1990",
    "WoAiNi5201314",
    "a123456789a123456789",
)
SELDOM = (
    "four cups of oolong",
    "correct horse battery staple",
    "purple elephant guitar moon",
    "k7!tea-on-Sundays",
    "我爱吃火锅和烤鸭很多年呀",
    "zhe-ge-mi-ma-hen-chang",
    "3f9Qz0vLr2Xw",
    "no digit and no capital",
)


@pytest.mark.parametrize("password", OFTEN)
def test_what_everybody_thinks_of_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooCommon):
        check_password(password, "ann")


@pytest.mark.parametrize("password", SELDOM)
def test_anything_else_will_do_without_rules_of_composition(password: str) -> None:
    check_password(password, "ann")


@pytest.mark.parametrize("length", [0, 1, 11, 129, 1_000])
def test_a_password_has_12_to_128_characters(length: int) -> None:
    text = ("four cups of oolong, " * 50)[:length]
    with pytest.raises(PasswordLength):
        check_password(text, "ann")


@pytest.mark.parametrize("length", [12, 128])
def test_the_shortest_and_the_longest_are_taken(length: int) -> None:
    check_password(("Tea for 2, by the lake of Hangzhou; " * 5)[:length], "ann")


@pytest.mark.parametrize(
    ("name", "password"), [("mei", "the tea of Mei is hot"), ("李小明", "这是李小明的密码不要告诉别人")]
)
def test_a_password_does_not_hold_the_username(name: str, password: str) -> None:
    with pytest.raises(PasswordTooCommon):
        check_password(password, name)
    check_password(password, "somebody-else")


def test_a_name_of_two_letters_is_in_too_many_words_to_matter() -> None:
    check_password("four cups of oolong", "li")
    check_password("a line of four lilies", "li")


def test_full_width_letters_are_the_same_password() -> None:
    assert normalised("ｆｏｕｒ　ｃｕｐｓ") == "four cups"
    assert normalised("e\u0301") == normalised("\u00e9")


@given(st.text(st.characters(codec="utf-8"), max_size=140))
def test_any_text_is_measured_without_a_fault(text: str) -> None:
    assert 0 <= novelty(text) <= len(text.casefold()) * 2
    assert len(text) in LENGTHS or len(text) not in range(12, 129)
