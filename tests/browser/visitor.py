"""One person's browser: every page it shows must be free of errors and fit on a phone."""

from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Locator, WebError

from bench.browser import sign_in
from tests.patience import PATIENCE_S

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 740}
# A page's own report of what its policy blocked; the console's text does not always name it.
REPORT_CSP = """document.addEventListener("securitypolicyviolation", function (event) {
  console.error("blocked by " + event.violatedDirective + ": " + event.blockedURI); });"""
TOO_WIDE = """() => {
  const room = document.scrollingElement;
  if (room.scrollWidth <= room.clientWidth) { return []; }
  return [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > room.clientWidth + 1)
    .map((one) => one.tagName + "." + one.className).slice(0, 8)
    .concat(["page " + room.scrollWidth + " > " + room.clientWidth]); }"""


class Visitor:
    """A browser context of its own (cookies, storage) that records whatever goes wrong."""

    def __init__(self, chrome: Browser, base: str, mode: str = "light") -> None:
        self.base = base
        self.problems: list[str] = []
        self.context = chrome.new_context(
            viewport=WIDE,
            color_scheme=mode,
            reduced_motion="reduce",  # type: ignore[arg-type]
        )
        self.context.set_default_timeout(PATIENCE_S * 1000)
        self.context.add_init_script(REPORT_CSP)
        self.context.on("console", self._console)
        self.context.on("weberror", self._error)
        self.page = self.context.new_page()

    def sign_in(self, email: str, password: str) -> None:
        """Log in by the form and look at the page behind it."""
        sign_in(self.page, self.base, email, password)
        self.look()

    def go(self, path: str) -> None:
        """Open a page of this host and look at it."""
        self.page.goto(self.base + path)
        self.look()

    def click(self, target: Locator) -> None:
        """Follow a link or send a form, and look at the page it leads to."""
        with self.page.expect_navigation():
            target.click()
        self.look()

    def look(self) -> None:
        """The page has arrived, nothing went wrong, and nothing is wider than the screen."""
        self.page.wait_for_load_state("load")
        for size in (PHONE, WIDE):
            self.page.set_viewport_size(size)  # type: ignore[arg-type]
            wide = self.page.evaluate(TOO_WIDE)
            if wide:
                self.problems.append(f"{self.page.url} at {size['width']} px: {wide}")
        self.expect_no_problem()

    def expect_no_problem(self) -> None:
        """Raise AssertionError with everything that went wrong since the last time."""
        problems, self.problems = self.problems, []
        assert not problems, "\n".join(problems)

    def download(self, target: Locator) -> bytes:
        """The bytes that a click saves."""
        with self.page.expect_download() as waiting:
            target.click()
        return Path(waiting.value.path()).read_bytes()

    def heading(self) -> str:
        """The page's first heading."""
        return self.page.locator("h1").inner_text()

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium also says here which page, file or request was refused or failed. To be told of
        # every single answer would cost more than the pages.
        if message.type == "error":
            self.problems.append(f"console: {message.text} ({message.location.get('url')})")

    def _error(self, error: WebError) -> None:
        self.problems.append(f"script: {error.error}")
