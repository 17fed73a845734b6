"""The demo's papers: made once, by real actions, and everything still adds up."""

from billing.models import Dispute, Document, DocumentEvent, PeriodEvent
from billing.rules.periods import parse_month
from portal.demo.papers import make_papers
from portal.demo.steps import Calendar
from tests.billing import world
from tests.billing.people import utc

NOW = utc("2026-12-20T10:00")


def test_the_demo_has_a_dispute_a_credit_note_and_closed_books(database, partners):
    for partner in partners:
        world.sign(partner, "revenue_share_platform")
        for month in ("2026-09", "2026-10"):
            world.record(world.hit(partner, f"{month}-10", "acme", 100_000), now=NOW)
    world.settle(parse_month("2026-09"), utc("2026-10-02T09:00"))
    world.settle(parse_month("2026-10"), utc("2026-11-02T09:00"))

    accepted = make_papers(calendar=Calendar.at(NOW))
    before = world.fingerprint(database)

    assert make_papers(calendar=Calendar.at(NOW)) == 0
    assert world.fingerprint(database) == before
    # Four statements, of which one is disputed.
    assert accepted == 3 and Dispute.objects.count() == 1
    assert DocumentEvent.objects.filter(kind="accepted").count() == 3
    [note] = Document.objects.filter(kind="credit_note")
    assert note.total_minor == -20_00
    closed = set(PeriodEvent.objects.filter(kind="closed").values_list("month", flat=True))
    assert utc("2026-09-01").date() in closed and utc("2026-10-01").date() not in closed
    assert world.breaches() == []
