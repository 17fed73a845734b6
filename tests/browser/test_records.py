"""The raw records in a browser: unfold's own assets work under the policy of their pages."""

from tenants import schema
from tenants.accounts.models import User
from tests.browser.world import CONSOLE, PASSWORD


def test_an_engineer_reads_a_list_and_a_row(visit):
    with schema.in_public():
        User.objects.create_user("rosa@agentcache.example", PASSWORD, role="auditor")
    rosa = visit(CONSOLE, "rosa@agentcache.example")
    rosa.go("/admin/")
    rosa.click(rosa.page.locator("#content a[href$='/billing/document/']").first)
    rosa.page.locator("#changelist a", has_text="Filters").click()
    rosa.click(rosa.page.locator("#changelist-filter").get_by_role("link", name="Pinecone"))
    rosa.click(rosa.page.locator("#result_list tbody a[href*='/change/']").first)
    assert "never edited" in rosa.page.locator("main, #main").first.inner_text()
    assert rosa.page.locator("#content form input:not([type=hidden])").count() == 0
