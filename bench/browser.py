"""One way to drive the system's Chromium: for screenshots and for the browser tests."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

# Chromium's own background traffic has no place in a test, and root needs no sandbox.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip

# Colours glide when the mode changes: nobody looks, or measures, half way.
SETTLED = """() => new Promise((done) => requestAnimationFrame(() => {
  document.getAnimations().forEach((one) => one.finish()); requestAnimationFrame(done); }))"""


def chromium_path() -> str | None:
    """The system's Chromium or Chrome, if there is one."""
    return shutil.which("chromium") or shutil.which("google-chrome")


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless browser for the block. Raises RuntimeError without a Chromium."""
    path = chromium_path()
    if path is None:
        raise RuntimeError("No Chromium found: apt-get install chromium")
    with sync_playwright() as play:
        chrome = play.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield chrome
        finally:
            chrome.close()


def sign_in(page: Page, base: str, email: str, password: str) -> None:
    """Log in by the form, as a person does."""
    page.goto(f"{base}/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", password)
    with page.expect_navigation():
        page.click("button[type=submit]")
