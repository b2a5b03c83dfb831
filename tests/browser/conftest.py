"""A server with a small demo and a browser, for all tests of the pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import Page, browser
from tests.house.serving import Server, serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server with a small demo."""
    folder = tmp_path_factory.mktemp("server")
    with serving(f"sqlite://{folder / 'loyalty.db'}", folder) as found:
        yield found


@pytest.fixture
def page(server: Server, tmp_path: Path) -> Iterator[Page]:
    """A page of a fresh browser. When the test ends it has asked nobody but the server, and broken nothing."""
    with browser(tmp_path / "profile") as found:
        yield found
        assert found.elsewhere(server.url) in ([], ["about:blank"])
        assert found.complaints == []
