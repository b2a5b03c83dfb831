"""The page of an invitation, as somebody new meets it."""

import re
from datetime import UTC, datetime

from rules.totp import STEP_SECONDS, Secret
from tests.browser.chromium import Page
from tests.house.serving import Server

PASSWORD = "four cups of oolong"


def invited(server: Server, name: str) -> str:
    """The link that the command line prints for somebody new."""
    said = server.bash(f"loyalty staff invite {name} --role OWNER")
    assert said.returncode == 0, said.stderr
    return said.stdout.strip()


def asked(page: Page, server: Server, name: str, **more: str) -> str:
    """What a login is answered: a token's beginning, or a code."""
    given = {"username": name, "password": PASSWORD, **more}
    document = "mutation($i:StaffLoginInput!){staffLogin(input:$i){tokens{accessToken} userErrors{code}}}"
    answer = page.evaluate(
        f"fetch('/graphql', {{method: 'POST', headers: {{'content-type': 'application/json'}},"
        f" body: JSON.stringify({{query: {document!r}, variables: {{i: {given!r}}}}})}}).then(r => r.json())"
    )["data"]["staffLogin"]
    return str(answer["tokens"]["accessToken"][:4] if answer["tokens"] else answer["userErrors"][0]["code"])


def visible(page: Page) -> str:
    return str(
        page.evaluate("[...document.querySelectorAll('section')].filter(s => !s.hidden).map(s => s.id).join()")
    )


def test_a_password_is_told_what_is_wrong_with_it(server: Server, page: Page) -> None:
    page.open(invited(server, "qiu"))
    assert visible(page) == "choose"
    assert page.evaluate("location.href") == f"{server.url}/activate", "the invitation has left the address bar"
    page.fill("#password", "password1234")
    page.fill("#again", "password1234")
    page.click("#password-form button.main")
    page.wait("document.querySelector('#password-bad').textContent.includes('guessed')")
    page.fill("#password", PASSWORD)
    page.click("#password-form button.main")
    page.wait("document.querySelector('#password-bad').textContent.includes('differ')")


def test_somebody_invited_chooses_a_password_and_a_second_factor(server: Server, page: Page) -> None:
    link = invited(server, "xia")
    base, _, token = link.partition("#")
    assert base == f"{server.url}/activate"
    assert re.fullmatch(r"lyi_[\w-]{43}", token)
    page.open(link)
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.click("#password-form button.main")
    page.wait("!document.querySelector('#confirm').hidden && document.querySelector('#qr svg path')")
    secret = Secret(page.evaluate("document.querySelector('#secret').textContent").replace(" ", ""))
    page.fill("#code", "000000")
    page.click("#code-form button.main")
    page.wait("document.querySelector('#code-bad').textContent.includes('wrong')")
    step = int(datetime.now(UTC).timestamp()) // STEP_SECONDS  # noqa: TID251  # the server's clock is the machine's
    page.fill("#code", secret.code(step))
    page.click("#code-form button.main")
    page.wait("!document.querySelector('#done').hidden")
    assert asked(page, server, "xia") == "TOTP_REQUIRED"
    assert asked(page, server, "xia", totp=secret.code(step + 1)) == "lya_"


def test_the_page_speaks_chinese_and_says_when_its_link_is_not_whole(server: Server, page: Page) -> None:
    page.open(f"{server.url}/activate")
    assert visible(page) == "absent"
    page.click("#language")
    assert page.evaluate("document.documentElement.lang") == "zh"
    assert "完整的邀请链接" in page.text()


def test_a_used_link_says_so(server: Server, page: Page) -> None:
    page.open(f"{server.url}/activate#lyi_nobodys")
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.click("#password-form button.main")
    page.wait("document.querySelector('#password-bad').textContent.includes('Ask for a new one')")
