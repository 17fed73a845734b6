"""A live portal and a browser for this folder's tests. Nothing here is mocked."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from bench.browser import browser, chromium_path
from portal import env
from tests.browser import world
from tests.browser.live import Live
from tests.browser.visitor import Visitor
from tests.conftest import fresh_database, two_partners
from tests.patience import PATIENCE_S
from tests.portal.demo.test_tour import FACTS
from tests.tenants.name_server import name_server


@pytest.fixture(scope="package")
def chrome() -> Iterator[Browser]:
    """The system's Chromium; without one the tests are skipped, or fail if REQUIRE_BROWSER=1."""
    if chromium_path() is None:
        message = "No Chromium on this machine: apt-get install chromium (or google-chrome)."
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(f"{message} REQUIRE_BROWSER=1 forbids to skip.")
        pytest.skip(message)
    # Playwright keeps an event loop in this thread; Django takes that for asynchronous code.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    try:
        expect.set_options(timeout=PATIENCE_S * 1000)
        with browser() as chrome:
            yield chrome
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        if before is not None:
            os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture(scope="package")
def months() -> world.Months:
    """Which months are issued and waiting, as seen when the tests began."""
    return world.months(timezone.now())


@pytest.fixture(scope="package")
def live(
    chrome: Browser,
    django_db_blocker: object,
    months: world.Months,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Live]:
    """The portal over a small world, its worker asking DNS here; Django in this process is the
    owner."""
    with fresh_database(django_db_blocker) as database, name_server() as (_zone, dns):
        world.build(list(two_partners()), months)
        folder = data_dir(tmp_path_factory.mktemp("data"))
        portal = Live(
            database, tmp_path_factory.mktemp("live"), DNS_SERVERS=dns, DATA_DIR=str(folder)
        )
        try:
            portal.start()
            yield portal
        finally:
            portal.stop()


def data_dir(folder: Path) -> Path:
    """Everything of this run's DATA_DIR, and what a loaded demo leaves: the tour has a page."""
    for there in env.data_dir().iterdir():
        (folder / there.name).symlink_to(there.resolve())
    (folder / "demo.json").write_text(json.dumps(FACTS))
    return folder


@pytest.fixture
def visit(live: Live, chrome: Browser) -> Iterator[Callable[..., Visitor]]:
    """`visit(host, email)`: a person's own browser, signed in; without an email nobody is."""
    visitors: list[Visitor] = []

    def open_browser(host: str, email: str = "", mode: str = "light") -> Visitor:
        visitor = Visitor(chrome, live.url(host), mode)
        visitors.append(visitor)
        if email:
            visitor.sign_in(email, world.PASSWORD)
        return visitor

    yield open_browser
    for visitor in visitors:
        visitor.context.close()
    for visitor in visitors:
        visitor.expect_no_problem()
