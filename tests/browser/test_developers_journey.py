"""A developer adds a webhook, tries it, sets an alert and reads the log; axe looks at each page."""

import json

from tests.browser.axe import inspect, look_through
from tests.browser.world import REDIS
from tests.patience import wait_for
from tests.receiver import receiver


def test_a_webhook_is_added_and_tried_and_an_alert_is_set(visit):
    ada, carl = visit(REDIS, "ada@partner.example"), visit(REDIS, "carl@acme.example")
    complaints = look_through(ada, "/manage/webhooks/", "/manage/webhooks/events/")
    with receiver() as there:
        ada.go("/manage/webhooks/new/")
        complaints += inspect(ada)
        ada.page.fill("#id_url", there.url("/books"))
        ada.page.fill("#id_label", "Bookkeeping")
        ada.click(ada.page.get_by_role("button", name="Add the endpoint"))
        complaints += inspect(ada)
        assert ada.page.input_value("#secret").startswith("whsec_")
        ada.click(ada.page.get_by_role("link", name="I have kept it"))
        ada.click(ada.page.get_by_role("button", name="Send a test"))
        assert wait_for(lambda: there.got)
        assert [json.loads(body)["type"] for _, _, body in there.got] == ["webhook.test"]
    assert wait_for(lambda: ada.page.reload() and "Delivered" in ada.page.inner_text("tbody"))
    complaints += inspect(ada)
    ada.click(ada.page.get_by_role("link", name="webhook.test"))
    assert "204" in ada.page.inner_text("main")
    complaints += inspect(ada)

    ada.go("/manage/alerts/")
    complaints += inspect(ada)
    ada.click(ada.page.locator("a[href*='kind=hit_rate']"))
    complaints += inspect(ada)
    ada.click(ada.page.get_by_role("button", name="Watch it"))
    assert "Hit rate fell" in ada.page.inner_text("tbody")
    complaints += inspect(ada)

    ada.go("/manage/logs/?range=7d")
    complaints += inspect(ada)
    ada.click(ada.page.locator("tbody a").first)
    complaints += inspect(ada)
    complaints += look_through(carl, "/webhooks/", "/alerts/", "/logs/?range=7d")
    assert "Bookkeeping" not in carl.page.inner_text("main")

    assert complaints == []
