"""`make screenshots`: the selling screens of a running demo, in three brands, light and dark.

Start `make run` first. Pictures go to docs/screenshots; look at them before you commit a page.
"""

import json
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from bench.browser import browser, sign_in
from portal import env

OUT = env.BASE_DIR / "docs" / "screenshots"
BRANDS = ("redis-labs", "pinecone", "aws-elasticache")
SIZES = {"wide": (1440, 900), "phone": (390, 844)}
PARTNER_PAGES = {
    "overview": "/manage/",
    "usage": "/manage/usage/",
    "customers": "/manage/customers/",
    "invoices": "/manage/invoices/",
    "statements": "/manage/statements/",
    "verify": "/manage/verify/",
}
CUSTOMER_PAGES = {"home": "/", "usage": "/usage/", "invoices": "/invoices/"}
CONSOLE_PAGES = {"cockpit": "/", "partners": "/partners/", "control-room": "/finance/",
                 "projections": "/projections/"}  # fmt: skip


def shoot(
    chrome: Browser, base: str, login: dict[str, str], pages: dict[str, str], name: str,
    out: Path, follow: dict[str, str] | None = None,
) -> None:  # fmt: skip
    """Every page of one person in both sizes and modes; `follow` opens the first link matching."""
    for size, (width, height) in SIZES.items():
        for mode in ("light", "dark"):
            context = chrome.new_context(
                viewport={"width": width, "height": height},
                color_scheme=mode,  # type: ignore[arg-type]
            )
            page = context.new_page()
            page.goto(f"{base}/accounts/login/")
            page.screenshot(path=out / f"{name}-login-{size}-{mode}.png")
            sign_in(page, base, login["email"], login["password"])
            for title, path in pages.items():
                page.goto(base + path)
                page.screenshot(path=out / f"{name}-{title}-{size}-{mode}.png", full_page=True)
                link = page.locator((follow or {}).get(title, "a.nothing")).first
                if title in (follow or {}) and link.count():
                    link.click()
                    page.wait_for_load_state("networkidle")
                    page.screenshot(
                        path=out / f"{name}-{title}-detail-{size}-{mode}.png", full_page=True
                    )
            context.close()


def main(arguments: list[str]) -> None:
    """Take all pictures of the demo in DATA_DIR."""
    file = env.data_dir() / "demo.json"
    if not file.exists():
        raise SystemExit(f"{file} does not exist: start `make run` first.")
    facts: dict[str, Any] = json.loads(file.read_text())
    out = Path(arguments[0]) if arguments else OUT
    out.mkdir(parents=True, exist_ok=True)
    details = {"statements": "main a[href*='/manage/statements/']",
               "invoices": "main a[href*='/invoices/']"}  # fmt: skip
    with browser() as chrome:
        for partner in facts["partners"]:
            if partner["slug"] not in BRANDS:
                continue
            shoot(chrome, partner["portal_url"], partner["logins"][0], PARTNER_PAGES,
                  partner["slug"], out, details)  # fmt: skip
        customer = next(row for row in facts["partners"][0]["customers"] if row["logins"])
        shoot(chrome, facts["partners"][0]["portal_url"], customer["logins"][0], CUSTOMER_PAGES,
              "customer", out, details)  # fmt: skip
        shoot(chrome, facts["console"]["url"], facts["console"]["logins"][1], CONSOLE_PAGES,
              "console", out, {"control-room": "main a[href*='/finance/runs/']"})  # fmt: skip
    sys.stdout.write(f"{len(list(out.glob('*.png')))} pictures in {out}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
