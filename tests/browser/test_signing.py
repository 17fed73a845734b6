"""An amendment and its paper: proposed, approved by another, written, sent, signed, kept."""

import hashlib

from playwright.sync_api import expect

from billing.rules.periods import next_month
from tests.browser.test_axe import inspect
from tests.browser.world import CONSOLE, REDIS

SCAN = b"%PDF-1.7\n% signed by both parties\n%%EOF\n"
FETCH = "async (href) => [...new Uint8Array(await (await fetch(href)).arrayBuffer())]"


def test_an_amendment_is_signed_and_the_partner_reads_it(visit, months):
    petra = visit(CONSOLE, "petra@agentcache.example")
    address = proposed(petra, next_month(next_month(months.waiting)))
    anton = visit(CONSOLE, "anton@agentcache.example")
    anton.go(address)
    anton.click(anton.page.locator("#approve-2"))
    expect(version(anton, 2)).to_contain_text("to come")

    pdf, kept = papered(anton, 2)
    assert pdf.startswith(b"%PDF-") and kept == SCAN
    assert inspect(anton) == []

    ada = visit(REDIS, "ada@partner.example")
    ada.go("/manage/agreement/")
    expect(ada.page.locator("main")).to_contain_text("35 %")
    own = ada.page.locator("section", has_text="Version 2").get_by_role("link", name="PDF")
    assert fetched(ada, own) == pdf


def proposed(petra, month) -> str:
    """35 %, half a cent to the partner, from the month on; the page's path."""
    petra.go("/agreements/")
    petra.click(petra.page.get_by_role("row", name="Redis Labs").get_by_role("link").first)
    form = petra.page.locator("form", has=petra.page.locator("#id_day")).first
    form.locator("#id_day").fill(f"{month.start:%Y-%m-%d}")
    form.get_by_label("Partner's share").fill("35 %")
    form.locator("summary", has_text="What the share is taken of").click()
    form.get_by_label("Half a cent goes to").select_option(label="the partner")
    form.get_by_label("Why").fill("Volume grows.")
    petra.click(form.get_by_role("button", name="Propose"))
    told = version(petra, 2)
    for what, before, after in (("Partner's share", "30 %", "35 %"),
                                ("Half a cent goes to", "us", "the partner")):  # fmt: skip
        expect(told.get_by_role("row", name=f"{what} {before} {after}")).to_be_visible()
    expect(told).to_contain_text("You proposed it, so a second person has to approve it.")
    return petra.page.url.removeprefix(petra.base)


def papered(anton, number) -> tuple[bytes, bytes]:
    """Write the version out, send it, keep the signed copy; (the PDF, what is kept)."""
    anton.click(version(anton, number).get_by_role("button", name="Write it"))
    pdf = fetched(anton, version(anton, number).get_by_role("link", name="PDF"))
    anton.click(version(anton, number).get_by_role("button", name="Mark as sent"))
    expect(version(anton, number)).to_contain_text("Paper: sent")
    scan = {"name": "signed.pdf", "mimeType": "application/pdf", "buffer": SCAN}
    version(anton, number).get_by_label("Signed copy, PDF").set_input_files(scan)
    anton.click(version(anton, number).get_by_role("button", name="Keep signed copy"))
    expect(version(anton, number)).to_contain_text("Paper: signed")
    expect(version(anton, number)).to_contain_text(hashlib.sha256(SCAN).hexdigest())
    return pdf, fetched(anton, version(anton, number).get_by_role("link", name="Signed copy"))


def version(visitor, number):
    """The panel of a version."""
    return visitor.page.locator("section", has_text=f"Version {number}").last


def fetched(visitor, link) -> bytes:
    """What a link leads to; the browser would show it in a viewer of its own."""
    return bytes(visitor.page.evaluate(FETCH, link.get_attribute("href")))
