"""A partner's way from the login to the bytes of its statement."""

import hashlib

from tests.browser.world import PASSWORD, REDIS


def test_from_login_to_the_statements_pdf(visit, live, months):
    ada = visit(REDIS)
    ada.go("/manage/")
    assert "/accounts/login/" in ada.page.url
    ada.sign_in("ada@partner.example", PASSWORD)
    assert ada.heading() == "Overview"

    menu = ada.page.get_by_role("navigation", name="Pages").first
    ada.click(menu.get_by_role("link", name="Usage"))
    assert ada.heading() == "Usage"
    ada.go("/manage/usage/?by=customer")
    assert ada.page.get_by_role("row", name="Acme Robotics").is_visible()
    ada.click(menu.get_by_role("link", name="Statements"))

    row = ada.page.get_by_role("row", name=f"{months.issued.start:%B %Y}")
    # 75,000 hits at $0.002 are $150.00; 30 % of it.
    assert "$45.00" in row.inner_text()
    ada.click(row.get_by_role("link"))
    assert ada.heading() == f"Statement of {months.issued.start:%B %Y}"

    drill = ada.page.locator("details.drill").first
    arithmetic = drill.locator(".explain")
    assert not arithmetic.is_visible()
    drill.locator("summary").click()
    assert arithmetic.is_visible()
    assert "30 % of the invoice" in arithmetic.inner_text()
    ada.look()

    pdf = ada.download(ada.page.get_by_role("link", name="PDF"))
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF")
    assert (hashlib.sha256(pdf).hexdigest(), pdf) == stored_pdf(live, ada.page.url)


def stored_pdf(live, address: str) -> tuple[str, bytes]:
    """The file of the document that a page's address names: (sha256, content)."""
    document_id = address.rstrip("/").rsplit("/", 1)[1]
    with live.database.psql() as boss:
        digest, content = boss.execute(
            "select sha256, content from billing_renderedfile where document_id = %s",
            [document_id],
        ).fetchone()
    return digest, bytes(content)
