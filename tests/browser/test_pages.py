"""GraphiQL and the WeChat simulator, as a person meets them."""

from pathlib import Path

from tests.browser.chromium import Page
from tests.house.serving import Server

QUERY = "document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror"
ANSWER = "document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue()"


def test_graphiql_runs_its_first_example_without_any_network(server: Server, page: Page) -> None:
    page.open(f"{server.url}/graphql")
    page.wait("document.querySelector('.graphiql-execute-button')")
    page.click(".graphiql-execute-button")
    page.wait(f"({ANSWER} || '').includes('available')")
    assert '"errors"' not in page.evaluate(ANSWER)


def test_graphiql_knows_the_schema_and_switches_roles(server: Server, page: Page) -> None:
    page.open(f"{server.url}/graphql")
    page.wait("document.querySelector('.playground select option[value=Cashier]')")
    page.evaluate(f"{QUERY}.setValue('query MemberHome {{ members(first: 1) {{ nodes {{ id }} }} }}')")
    _as("Cashier", page)
    page.click(".graphiql-execute-button")
    page.wait(f"({ANSWER} || '').includes('FORBIDDEN')")
    _as("Owner", page)
    page.click(".graphiql-execute-button")
    page.wait(f"({ANSWER} || '').includes('nodes')")


def _as(role: str, page: Page) -> None:
    page.evaluate(
        "(() => { const it = document.querySelector('.playground select');"
        " Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set.call(it, '" + role + "');"
        " it.dispatchEvent(new Event('change', { bubbles: true })) })()"
    )


def test_the_simulator_hands_out_a_code_that_logs_in(server: Server, page: Page) -> None:
    page.open(f"{server.url}/_wechat/")
    page.fill("#login input[name=as]", "xiaoyu")
    page.click("#login button")
    code = page.wait("document.querySelector('#login-answer code')?.textContent")
    login = "mutation($code:String!){memberLogin(input:{code:$code}){tokens{accessToken} userErrors{code}}}"
    answer = page.evaluate(
        f"fetch('/graphql', {{method: 'POST', headers: {{'content-type': 'application/json'}},"
        f" body: JSON.stringify({{query: {login!r}, variables: {{code: {code!r}}}}})}}).then(r => r.json())"
    )
    assert answer["data"]["memberLogin"]["tokens"]["accessToken"].startswith("lya_")
    page.wait("document.querySelector('#calls').innerText.includes('jscode2session')")


def test_the_simulator_lets_calls_fail_until_it_is_told_to_stop(server: Server, page: Page) -> None:
    page.open(f"{server.url}/_wechat/")
    page.fill("#faults input[name=times]", "50")
    page.click("#faults button.main")
    page.wait("document.querySelector('#faults-answer').innerText.includes('jscode2session: -1 × 50')")
    login = 'mutation{memberLogin(input:{code:"demo:wei"}){tokens{accessToken} userErrors{code retryable}}}'
    ask = (
        "fetch('/graphql', {method: 'POST', headers: {'content-type': 'application/json'},"
        f" body: JSON.stringify({{query: {login!r}}})}}).then(r => r.json())"
    )
    first = page.evaluate(ask)["data"]["memberLogin"]
    assert first["userErrors"] == [{"code": "WECHAT_UNAVAILABLE", "retryable": True}]
    page.click("#clear")
    page.wait("document.querySelector('#faults-answer').innerText === ''")
    assert page.evaluate(ask)["data"]["memberLogin"]["tokens"]["accessToken"]


def test_the_simulator_shows_a_members_tier_what_keeps_it_and_their_gifts(server: Server, page: Page) -> None:
    page.open(f"{server.url}/_wechat/", width=375, height=1400)
    page.click("#seen button")
    page.wait("document.querySelector('#seen-answer li')")
    told = page.evaluate("document.querySelector('#seen-answer').innerText")
    assert "林小雨" in told
    assert "to keep it" in told or "Kept at the review" in told
    assert "birthday gift of" in told
    assert "(given 2" in told
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.click("#language")
    told = page.evaluate("document.querySelector('#seen-answer').innerText")
    assert "生日礼" in told
    assert "保级" in told


def test_the_simulator_shows_points_that_come_and_go_and_whom_a_member_brought(server: Server, page: Page) -> None:
    page.open(f"{server.url}/_wechat/", width=375, height=3300)
    page.click("#seen button")
    told = page.wait("document.querySelector('#seen-answer .seen')?.innerText")
    for part in (
        "160 to come",
        "About to expire",
        "周**: joined, has yet to pay an order of 50",
        "何**: under review",
    ):
        assert part in told
    assert "220 points; 2 qualified" in told
    assert "100 points for 3: taken back" in told
    assert "500 points for 10: 2 so far" in told
    assert page.evaluate("document.querySelector('#seen-answer img').naturalWidth > 0")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.click("#language")
    assert "赵**：奖励已收回" in page.evaluate("document.querySelector('#seen-answer').innerText")


def test_somebody_new_joins_by_a_code_and_is_given_points(server: Server, page: Page) -> None:
    page.open(f"{server.url}/_wechat/")
    page.fill("#seen input[name=as]", "chen")
    page.click("#seen button")
    page.wait("document.querySelector('#seen-answer').innerText.includes('Make a referral code')")
    page.fill("#seen input[name=as]", "xiaoyu")
    page.click("#seen button")
    code = page.wait("document.querySelector('#seen-answer code')?.textContent")
    page.fill("#join input[name=code]", code)
    page.click("#join button")
    page.wait("document.querySelector('#join-answer').innerText.includes('Brought by 林小雨: joined')")
    page.click("#give button.main")
    page.wait("document.querySelector('#give-answer').innerText.includes('wei would have 10')")
    page.click("#give-answer button")
    page.wait("document.querySelector('#give-answer').innerText.includes('Given.')")
    page.fill("#give input[name=from]", "wei")
    page.fill("#give input[name=to]", "xiaoyu")
    page.click("#give button.main")
    page.wait("document.querySelector('#give-answer .bad')")


def test_the_simulator_speaks_chinese_and_fits_a_phone(server: Server, page: Page) -> None:
    page.open(f"{server.url}/_wechat/", width=375, height=740)
    page.click("#language")
    assert "微信模拟器" in page.text()
    assert "WeChat simulator" not in page.text()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_page_that_breaks_or_calls_elsewhere_is_seen(server: Server, page: Page, tmp_path: Path) -> None:
    page.open(f"{server.url}/healthz")
    page.evaluate("setTimeout(() => { throw new Error('on purpose') }, 0)")
    page.evaluate("fetch('http://example.invalid/x').catch(() => 'no')")
    page.wait("true")
    assert any("on purpose" in each for each in page.complaints)
    assert page.elsewhere(server.url) == ["http://example.invalid/x"]
    page.complaints.clear()
    page.requests.clear()
    page.picture(tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
