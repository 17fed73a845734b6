"""`make screenshots`: the twelve selling screens of a running demo, three brands, wide and phone.

Start `make run` first. Pictures go to docs/screenshots (they are looked at, not committed); look at
them before you commit a page. ARGS="statement login" takes only these.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2
from playwright.sync_api import Browser, Page

from bench.browser import SETTLED, browser, sign_in
from portal import env

OUT = env.BASE_DIR / "docs" / "screenshots"
BRANDS = ("redis-labs", "pinecone", "aws-elasticache")
SIZES = {"wide": (1440, 900), "phone": (390, 844)}
MODES = ("light", "dark")
Step = Callable[[Page], None]


def first(selector: str) -> Step:
    """Follow the first such link, where there is one."""

    def follow(page: Page) -> None:
        link = page.locator(selector).first
        if link.count():
            page.goto(page.evaluate("(one) => one.href", link.element_handle()))

    return follow


def drilled(page: Page) -> None:
    """The newest statement (an invoice where there are none), its first line opened."""
    first("main a[href*='/manage/statements/'], main a[href*='/manage/invoices/']")(page)
    if page.url.endswith("/invoices/"):  # who earns nothing has no statement
        first("tbody a[href*='/manage/invoices/']")(page)
    if page.locator("details.drill summary").count():
        page.locator("details.drill summary").first.click()


def claimed(page: Page) -> None:
    """A domain in the middle of its wizard: claimed for the picture, and nobody answers for it."""
    host = "overflow." + page.url.split("/")[2].split(".")[1] + "-agentcache-demo.com"
    if not page.locator(f"main a:has-text('{host}')").count():
        page.fill("input[name=host]", host)
        with page.expect_navigation():
            page.press("input[name=host]", "Enter")
        page.goto(page.url.partition("/manage/")[0] + "/manage/domains/")
    first(f"main a:has-text('{host}')")(page)


@dataclass(frozen=True)
class Screen:
    """One of the twelve: who sees it ("" nobody signed in), where, and what is done there."""

    name: str
    who: str
    path: str
    then: Step | None = None


PARTNER, CUSTOMER, NOBODY = "partner", "customer", ""
SCREENS = (
    Screen("overview", PARTNER, "/manage/"),
    Screen("brand", PARTNER, "/manage/brand/"),
    Screen("domain", PARTNER, "/manage/domains/", claimed),
    Screen("home", CUSTOMER, "/"),
    Screen("usage", PARTNER, "/manage/usage/?range=30d&by=customer"),
    Screen("statement", PARTNER, "/manage/statements/", drilled),
    Screen("login", NOBODY, "/accounts/login/"),
    Screen("not-found", NOBODY, "/there-is-nothing-here/"),
)
CONSOLE = (
    Screen("control-room", "console", "/finance/"),
    Screen("cockpit", "console", "/"),
)
INVOICE = "invoice"  # the PDF itself; the twelfth is the overview on a phone


def shoot(page: Page, base: str, screen: Screen, name: str, out: Path) -> None:
    """One screen in both sizes and modes: loaded once a size, its colours switched as loaded."""
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.goto(base + screen.path)
        if screen.then is not None:
            screen.then(page)
        for mode in MODES:
            page.emulate_media(color_scheme=mode, reduced_motion="reduce")  # type: ignore[arg-type]
            page.evaluate(SETTLED)
            # Screen by screen, so that what sticks to an edge is where a person sees it.
            page.screenshot(path=out / f"{name}-{screen.name}-{size}-{mode}.png")
            if mode == MODES[0]:
                whole = out / f"{name}-{screen.name}-{size}-whole.png"
                page.screenshot(path=whole, full_page=True)


def invoice(page: Page, base: str, name: str, out: Path) -> None:
    """The newest invoice's PDF, its first page as a picture."""
    page.goto(f"{base}/manage/invoices/")
    first("tbody a[href*='/manage/invoices/']")(page)
    with page.expect_download() as coming:
        page.locator("main a[href$='/pdf']").first.click()
    sheet = pypdfium2.PdfDocument(coming.value.path())[0]
    sheet.render(scale=1.5).to_pil().save(out / f"{name}-{INVOICE}.png")


def visitor(chrome: Browser, base: str, login: dict[str, str] | None) -> Page:
    """A page of somebody's own browser."""
    page = chrome.new_context().new_page()
    if login is not None:
        sign_in(page, base, login["email"], login["password"])
    return page


def main(arguments: list[str]) -> None:
    """Take all pictures (or the named ones) of the demo in DATA_DIR."""
    file = env.data_dir() / "demo.json"
    if not file.exists():
        raise SystemExit(f"{file} does not exist: start `make run` first.")
    facts: dict[str, Any] = json.loads(file.read_text())
    OUT.mkdir(parents=True, exist_ok=True)
    with browser() as chrome:
        for partner in [one for one in facts["partners"] if one["slug"] in BRANDS]:
            base, name = partner["portal_url"], partner["slug"]
            customer = next(row["logins"][0] for row in partner["customers"] if row["logins"])
            people = {PARTNER: partner["logins"][0], CUSTOMER: customer, NOBODY: None}
            pages = {who: visitor(chrome, base, login) for who, login in people.items()}
            for screen in _wanted(SCREENS, arguments):
                shoot(pages[screen.who], base, screen, name, OUT)
            if not arguments or INVOICE in arguments:
                invoice(pages[PARTNER], base, name, OUT)
        console, login = facts["console"]["url"], facts["console"]["logins"][1]
        for screen in _wanted(CONSOLE, arguments):
            shoot(visitor(chrome, console, login), console, screen, "console", OUT)
    sys.stdout.write(f"{len(list(OUT.glob('*.png')))} pictures in {OUT}\n")


def _wanted(screens: tuple[Screen, ...], names: list[str]) -> list[Screen]:
    return [one for one in screens if not names or one.name in names]


if __name__ == "__main__":
    main(sys.argv[1:])
