"""The second factor: the codes of RFC 6238, each good once, for as long as a clock may be off."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from rules import vault
from rules.totp import STEP_SECONDS, Secret, TotpWrong, opened, sealed, secret_for, step_of
from tests.people import MASTER_KEY, NOON

vault.unlock(MASTER_KEY)
RFC = Secret(base64.b32encode(b"12345678901234567890").decode())
STEP = timedelta(seconds=STEP_SECONDS)
NOW_STEP = int(NOON.timestamp()) // STEP_SECONDS


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_the_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    assert RFC.code(seconds // STEP_SECONDS) == code
    assert step_of(RFC, code, datetime.fromtimestamp(seconds, UTC)) == seconds // STEP_SECONDS


@pytest.mark.parametrize("typed", ["{} ", "{0:.3} {0:.6}", "\t{}"])
def test_spaces_in_a_code_do_not_matter(typed: str) -> None:
    code = RFC.code(NOW_STEP)
    typed = f"{code[:3]} {code[3:]}" if ":.3" in typed else typed.format(code)
    assert step_of(RFC, typed, NOON) == NOW_STEP


@pytest.mark.parametrize(("off", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(off: int, good: bool) -> None:
    code = RFC.code(NOW_STEP + off)
    if good:
        assert step_of(RFC, code, NOON) == NOW_STEP + off
    else:
        with pytest.raises(TotpWrong):
            step_of(RFC, code, NOON)


def test_no_code_is_good_again_nor_is_an_older_one() -> None:
    code, older = RFC.code(NOW_STEP), RFC.code(NOW_STEP - 1)
    for each in (code, older):
        with pytest.raises(TotpWrong):
            step_of(RFC, each, NOON, after=NOW_STEP)
    assert step_of(RFC, RFC.code(NOW_STEP + 1), NOON, after=NOW_STEP) == NOW_STEP + 1


@pytest.mark.parametrize(
    "text", ["", "12345", "1234567", "abcdef", "１２３４５６", "\ud800", "000000\x00", "٠١٢٣٤٥"]
)
def test_what_is_no_code_is_a_wrong_one(text: str) -> None:
    with pytest.raises(TotpWrong):
        step_of(RFC, text, NOON)


def test_a_secret_goes_with_its_invitation_and_password() -> None:
    made = secret_for("an invitation", "a password")
    assert made == secret_for("an invitation", "a password")
    assert len({made.text, secret_for("an invitation", "b").text, secret_for("b", "a password").text}) == 3
    assert len(base64.b32decode(made.text)) == 20


def test_a_secret_is_stored_sealed() -> None:
    assert opened(sealed(RFC)) == RFC
    assert RFC.text.encode() not in sealed(RFC)
    assert RFC.text not in repr(RFC)


def test_the_address_names_the_programme_and_the_person() -> None:
    told = RFC.address("松间茶社 Tea", "li ming")
    assert told.startswith("otpauth://totp/%E6%9D%BE%E9%97%B4%E8%8C%B6%E7%A4%BE%20Tea:li%20ming?secret=")
    assert told.endswith("&issuer=%E6%9D%BE%E9%97%B4%E8%8C%B6%E7%A4%BE%20Tea&algorithm=SHA1&digits=6&period=30")
