"""A brand is made in a real browser; and what is painted keeps what the palette promises."""

import io
import time
from collections import Counter

import pytest
from PIL import Image

from portal.views.console_style import HARD
from tenants.rules.colour import contrast
from tests import patience
from tests.browser.axe import inspect
from tests.browser.world import CONSOLE, REDIS
from tests.patience import PATIENCE_S, POLL_S

MODES = ("light", "dark")
BOX = """(one) => { const {left, top, right, bottom} = one.getBoundingClientRect();
  return [Math.floor(left + scrollX), Math.floor(top + scrollY),
          Math.ceil(right + scrollX), Math.ceil(bottom + scrollY)]; }"""


def test_a_brand_is_drafted_previewed_and_published(visit):
    ada, bearer, anyone = visit(REDIS, "ada@partner.example"), visit(REDIS), visit(REDIS)
    ada.go("/manage/brand/")
    assert inspect(ada) == []
    seed = ada.page.locator("[name=seed_hex]")
    before = seed.input_value()
    with ada.page.expect_response("**/manage/brand/contrasts/**"):
        seed.fill("#FFD200")
    ada.page.locator("#contrasts", has_text="links on light pages use the step").wait_for()
    ada.page.locator("[name=product_name]").fill("Sun Cache")

    ada.click(ada.page.get_by_role("button", name="Save as draft"))
    assert "The draft is kept" in ada.page.locator("main").inner_text()
    for surface in ("Sign-in", "Mail", "Invoice", "Error", "Status"):
        shown = ada.page.locator("nav.segmented a", has_text=surface).last  # the dark row
        with ada.page.expect_response(lambda answer: "/manage/brand/preview/" in answer.url):
            shown.click()
        ada.page.frame_locator("iframe").locator("body").wait_for()
    wide = ada.page.locator("iframe").bounding_box()["width"]
    ada.page.get_by_label("Phone", exact=True).check()
    assert patience.wait_for(lambda: ada.page.locator("iframe").bounding_box()["width"] == 390)
    assert wide > 390
    ada.expect_no_problem()
    link = ada.page.locator("#preview-link").input_value()
    bearer.go(link.removeprefix(bearer.base))
    anyone.go("/accounts/login/")
    assert bearer.heading() == "Sign in to Sun Cache" and "Sun" not in anyone.heading()

    ada.click(ada.page.get_by_role("button", name="Publish the draft"))
    wait_for(anyone, "Sign in to Sun Cache")
    ada.click(ada.page.get_by_role("button", name="Go back to").first)
    wait_for(anyone, "Sign in to Redis Edge Cache")
    assert seed_shown(ada) == before


def seed_shown(visitor):
    visitor.go("/manage/brand/")
    return visitor.page.locator("[name=seed_hex]").input_value()


def wait_for(visitor, heading):
    """Hosts are remembered for five seconds."""
    deadline = time.monotonic() + PATIENCE_S
    while visitor.heading() != heading:
        assert time.monotonic() < deadline, visitor.heading()
        time.sleep(POLL_S)
        visitor.go("/accounts/login/")


def test_the_style_page_is_sound_in_a_hard_brand(visit):
    anton = visit(CONSOLE, "anton@agentcache.example")

    anton.go("/style/?seed=%23FFD200&accent=%23001F5B&font=geist")

    assert inspect(anton) == []


@pytest.mark.parametrize("seed", HARD.values(), ids=HARD)
def test_painted_buttons_and_charts_keep_their_contrast(visit, seed):
    anton = visit(CONSOLE, "anton@agentcache.example")
    for mode in MODES:
        anton.page.goto(f"{anton.base}/style/?seed=%23{seed[1:]}&mode={mode}")
        anton.page.wait_for_load_state("load")
        main, seen = anton.page.locator("main"), Picture(anton.page)
        ground, text = seen.inks(main.locator(".button--primary", has_text="Primary"))
        assert contrast(ground, text) >= 4.5, (seed, mode, ground, text)
        panel, danger = seen.inks(main.locator(".button--danger").first)
        assert contrast(panel, danger) >= 4.5, (seed, mode, panel, danger)
        card = seen.painted(main.locator("#contrasts"))[0]
        bars = anton.page.locator(".column .tone-exact")
        assert contrast(seen.painted(bars.nth(3))[0], card) >= 3, (seed, mode)
        keys = main.locator(".legend__item .line")
        found = {seen.strongest(keys.nth(at), card) for at in range(8)}
        assert len(found) == 8, (seed, mode, found)
        assert all(contrast(one, card) >= 3 for one in found), (seed, mode, found)
    anton.expect_no_problem()


class Picture:
    """The whole page as it is painted, in one picture, out of which its elements are cut."""

    def __init__(self, page):
        raw = page.screenshot(full_page=True, animations="disabled")
        self.picture = Image.open(io.BytesIO(raw)).convert("RGB")

    def painted(self, locator):
        """The colours of an element as painted, the most frequent first."""
        raw = self.picture.crop(locator.evaluate(BOX)).tobytes()
        counted = Counter(raw[at : at + 3] for at in range(0, len(raw), 3))
        return [f"#{one.hex().upper()}" for one, _count in counted.most_common()]

    def inks(self, locator):
        """The ground of a button and the text on it: the colour farthest from the ground that more
        than a stray pixel has (letters have soft edges)."""
        found = self.painted(locator)
        return found[0], max(found[:24], key=lambda one: contrast(one, found[0]))

    def strongest(self, locator, ground):
        """The colour of a line: what stands out most from its ground."""
        svg = locator.locator("xpath=..")
        return max(self.painted(svg)[:6], key=lambda one: contrast(one, ground))
