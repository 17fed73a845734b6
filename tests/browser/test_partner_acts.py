"""A partner adds a domain, makes a key and sends with it, disputes a line; others read it back."""

import json
import time
import urllib.error
import urllib.request

from playwright.sync_api import expect

from tests.browser.axe import inspect
from tests.browser.world import CONSOLE, PINECONE
from tests.patience import PATIENCE_S
from tests.portal.views.test_key_pages import SECRET

HOST = "cache.shop-of-pinecone.com"
ADA, CARL = "ada@partner.example", "carl@acme.example"
WHY = "Half of these hits were our own load test."


def test_a_domain_is_added_and_its_page_says_who_has_to_act(visit):
    ada, somebody = visit(PINECONE, ADA), visit(PINECONE)
    ada.go("/manage/domains/")
    complaints = inspect(ada)
    ada.page.get_by_label("Domain name").fill(HOST)
    ada.click(ada.page.get_by_role("button", name="Show the records"))
    main = ada.page.locator("main")
    expect(main).to_contain_text("Not checked yet")
    challenge = main.locator("code", has_text=f"_agentcache-challenge.{HOST}").first
    expect(challenge).to_be_visible()
    ada.click(ada.page.get_by_role("button", name="I have added them: check"))
    # A worker asks the name server, which knows no such name; the page follows by itself.
    expect(main).to_contain_text("Whoever manages this domain")
    complaints += inspect(ada)
    ada.page.get_by_label("E-mail of whoever manages the DNS").fill("it@shop-of-pinecone.com")
    ada.click(ada.page.get_by_role("button", name="Send", exact=True))

    somebody.go("/demo/mail/")
    letter = somebody.page.locator("section", has_text="it@shop-of-pinecone.com").first
    somebody.click(letter.get_by_role("link", name="/domains/"))
    expect(somebody.page.locator("main")).to_contain_text("Whoever manages this domain")
    expect(somebody.page.locator("main")).to_contain_text(HOST)
    assert complaints + inspect(somebody) == []


def test_a_new_key_answers_its_first_request_and_the_customer_sees_it(visit, live):
    ada, carl = visit(PINECONE, ADA), visit(PINECONE, CARL)
    carl.go("/logs/?range=1h")
    assert not carl.page.locator("tbody tr").count()
    ada.go("/manage/keys/new/")
    ada.page.get_by_label("Label").fill("first steps")
    ada.page.get_by_role("textbox", name="Customer").fill("acme")
    ada.click(ada.page.get_by_role("button", name="Make the key"))
    secret = ada.page.get_by_label("API key", exact=True).input_value()
    assert SECRET.fullmatch(secret)

    answer = ask(live, secret)

    assert (answer["hit"], len(answer["billing"]["event_id"])) == (False, 36)
    row = carl.page.locator("tbody tr")
    until = time.monotonic() + PATIENCE_S
    while not row.count() and time.monotonic() < until:
        carl.go("/logs/?range=1h")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("gpt-4o-first")
    carl.click(row.get_by_role("link"))
    expect(carl.page.locator("main")).to_contain_text(answer["billing"]["event_id"])
    ada.go("/manage/keys/")
    expect(ada.page.get_by_role("row", name="first steps")).to_contain_text("acme")


def ask(live, secret):
    """POST a lookup on the partner's host, as soon as the key is known: the page says a second."""
    body = {"provider": "redis", "customer_id": "acme", "original_request": {
        "provider": "openai", "model": "gpt-4o-first",
        "messages": [{"role": "user", "content": "What is the first request?"}]}}  # fmt: skip
    request = urllib.request.Request(
        f"{live.url('127.0.0.1')}/api/overflow", json.dumps(body).encode(),
        {"Host": PINECONE, "Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
    )  # fmt: skip
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code != 401 or time.monotonic() > until:
                raise AssertionError(f"{error.code}: {error.read().decode()}") from None


def test_a_disputed_line_is_read_by_finance_and_its_answer_by_the_partner(visit, months):
    ada, anton = visit(PINECONE, ADA), visit(CONSOLE, "anton@agentcache.example")
    ada.go("/manage/statements/")
    ada.click(ada.page.get_by_role("row", name=f"{months.issued.start:%B %Y}").get_by_role("link"))
    drill = ada.page.locator("details.drill").first
    drill.locator("summary").click()
    ada.click(drill.get_by_role("link", name="Dispute this line"))
    what = ada.heading()
    complaints = inspect(ada)
    ada.page.get_by_label("What is wrong?").fill(WHY)
    ada.click(ada.page.locator("#send"))
    complaints += inspect(ada)
    at = ada.page.url.removeprefix(ada.base)

    anton.click(anton.page.get_by_role("link", name="Disputes").first)
    complaints += inspect(anton)
    anton.click(anton.page.get_by_role("row", name=what).get_by_role("link"))
    expect(anton.page.locator("main")).to_contain_text(WHY)
    expect(anton.page.locator("main")).to_contain_text(ADA)
    anton.click(anton.page.locator("#take"))
    anton.page.get_by_label("Text").fill("We look at the hours of that test.")
    anton.click(anton.page.get_by_role("button", name="Only answer"))
    complaints += inspect(anton)

    ada.go(at)
    expect(ada.page.locator("main")).to_contain_text("We look at the hours of that test.")
    expect(ada.page.locator("main")).to_contain_text("Somebody is looking at it.")
    assert complaints == []
