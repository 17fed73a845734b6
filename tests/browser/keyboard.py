"""Somebody without a mouse: Tab, Shift-Tab, Enter, Space and letters, and the focus in sight.

Wherever the focus stops it must show (WCAG 2.4.7), on the screen, under nothing else (2.4.11).
"""

import re

from playwright.sync_api import Locator, expect

from tests.browser.visitor import Visitor

MOST_STOPS = 150
# As with 200 % zoom: what sticks to an edge of the screen leaves little room.
LOW = {"width": 1440, "height": 450}
NARROW = {"width": 360, "height": 740}
# Null where nothing of the page has the focus; else what is wrong with where it is, or "".
FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body || one === document.documentElement) { return null; }
  document.getAnimations().forEach((each) => each.finish());
  const box = one.getClientRects()[0], style = getComputedStyle(one);
  const name = one.outerHTML.slice(0, 120);
  if (!box || box.width < 2 || box.height < 2) { return "nothing to see: " + name; }
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  if (!outlined && style.boxShadow === "none") { return "no sign of focus: " + name; }
  const fits = box.height <= innerHeight && box.width <= innerWidth;
  if (fits && (box.top < 0 || box.left < 0 || box.bottom > innerHeight + 1
               || box.right > innerWidth + 1)) { return "off the screen: " + name; }
  const x = (Math.max(box.left, 0) + Math.min(box.right, innerWidth)) / 2;
  const y = (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2;
  const there = document.elementFromPoint(x, y);
  const seen = there && (one.contains(there) || there.contains(one));
  return seen ? "" : "covered by " + (there && there.outerHTML.slice(0, 80)) + ": " + name; }"""


class Keyboard:
    """A visitor's hands: `press`, `type`, `reach` something by Tab, and `follow` it."""

    def __init__(self, visitor: Visitor, size: dict[str, int] | None = None) -> None:
        """`size`: what every page is walked at; by default as the visitor left it (wide)."""
        self.visitor = visitor
        self.size = size
        self.page = visitor.page
        self.stops = 0

    def press(self, key: str) -> bool:
        """Press it → whether the page has the focus. AssertionError if that can not be seen."""
        self.page.keyboard.press(key)
        wrong = self.page.evaluate(FOCUS)
        assert not wrong, f"{self.page.url}: {wrong}"
        self.stops += wrong is not None
        return wrong is not None

    def reach(self, target: Locator, key: str = "Tab") -> None:
        """Move the focus on until it is there."""
        if self.size:
            self.page.set_viewport_size(self.size)  # type: ignore[arg-type]
        expect(target).to_have_count(1)
        for _ in range(MOST_STOPS):
            if target.evaluate("(one) => one === document.activeElement"):
                return
            self.press(key)
        raise AssertionError(f"{self.page.url}: {key} never comes to {target}")

    def type(self, target: Locator, text: str) -> None:
        """Go to a field and fill it in (of a list: choose what begins so)."""
        self.reach(target)
        self.page.keyboard.type(text)

    def follow(self, target: Locator, key: str = "Enter") -> None:
        """Go to a link or a button and press it; the visitor looks at the page it leads to."""
        self.reach(target)
        with self.page.expect_navigation():
            self.page.keyboard.press(key)
        self.visitor.look()

    def sign_in(self, email: str, password: str) -> None:
        """From the login form to the page behind it."""
        self.page.goto(f"{self.visitor.base}/accounts/login/")
        self.type(self.page.locator("input[name=login]"), email)
        self.type(self.page.locator("input[name=password]"), password)
        with self.page.expect_navigation(url=re.compile(r"^(?!.*/accounts/login/)")):
            self.page.keyboard.press("Enter")
        self.visitor.look()

    def walk(self) -> int:
        """Every stop of the page once, on a low screen → how many there are."""
        self.page.set_viewport_size(LOW)  # type: ignore[arg-type]
        self.page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
        before = self.stops
        for _ in range(MOST_STOPS):
            if not self.press("Tab") and self.stops > before:
                return self.stops - before
        raise AssertionError(f"{self.page.url} has more than {MOST_STOPS} stops.")
