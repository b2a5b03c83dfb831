"""The pictures of the README, taken anew: `make pictures`."""

import tempfile
from pathlib import Path

from tests.browser.chromium import browser
from tests.house.serving import ROOT, serving

IMAGES = ROOT / "docs" / "images"
ANSWER = "(document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue() || '')"


def main() -> None:
    """Write the pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            serving(f"sqlite://{folder / 'loyalty.db'}", folder) as server,
            browser(folder / "profile") as page,
        ):
            page.open(f"{server.url}/graphql", width=1280, height=760)
            page.click(".graphiql-execute-button")
            page.wait(f"{ANSWER}.includes('available')")
            page.picture(IMAGES / "graphiql.png")
            page.open(f"{server.url}/_wechat/", width=960, height=820)
            page.click("#login button")
            page.wait("document.querySelector('#login-answer code')")
            page.click("#seen button")
            page.wait("document.querySelector('#seen-answer li')")
            page.evaluate("window.scrollTo(0, 0)")
            page.picture(IMAGES / "simulator.png")


if __name__ == "__main__":
    main()
