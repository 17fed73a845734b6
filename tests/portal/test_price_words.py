"""Every kind of rate in plain words, in both languages; worked by hand."""

import pytest
from django.utils import translation

from billing.rules.rates import MODES
from portal.words.prices import METERS, ONE_OF, rate_lines

TIERS = [{"up_to": "10000", "unit_price": "0.002"},
         {"up_to": "50000", "unit_price": "0.001", "flat_price": "5"},
         {"up_to": None, "unit_price": "0.5", "block": "1000"}]  # fmt: skip
RATES = [
    ({"mode": "flat", "unit_price": "49"}, "$49.00 a month", "49,00 $ im Monat"),
    ({"mode": "per_unit", "unit_price": "0.002", "included": "1000"},
     "$0.002 per cached request; 1,000 included",
     "0,002 $ je Anfrage aus dem Cache; 1.000 inbegriffen"),
    ({"mode": "graduated", "tiers": TIERS},
     "Cached requests, each step at its own price: up to 10,000: $0.002, up to 50,000: $0.001 + "
     "$5.00 once, beyond: $0.50 for each started 1,000",
     "Anfragen aus dem Cache, jede Stufe zu ihrem Preis: bis 10.000: 0,002 $, bis 50.000: 0,001 $ "
     "+ 5,00 $ einmalig, darüber: 0,50 $ je angefangene 1.000"),
    ({"mode": "volume", "tiers": TIERS[-1:], "minimum": "10", "cap": "99"},
     "Cached requests, all at the price of the step reached: beyond: $0.50 for each started 1,000; "
     "at least $10.00; at most $99.00",
     "Anfragen aus dem Cache, alles zum Preis der erreichten Stufe: darüber: 0,50 $ je angefangene "
     "1.000; mindestens 10,00 $; höchstens 99,00 $"),
    ({"mode": "package", "unit_price": "1", "package_size": "1000"},
     "Cached requests: $1.00 for each started 1,000",
     "Anfragen aus dem Cache: 1,00 $ je angefangene 1.000"),
    ({"mode": "percentage", "meter": "cost_saved", "percentage_bps": 2000},
     "Model cost saved: 20 % of it", "Gesparte Modellkosten: 20 % davon"),
    ({"mode": "per_unit", "unit_price": "3", "where": {"model": "gpt-4o"}},
     "$3.00 per cached request; only model gpt-4o",
     "3,00 $ je Anfrage aus dem Cache; nur Modell gpt-4o"),
]  # fmt: skip


@pytest.mark.parametrize(("rate", "english", "german"), RATES, ids=lambda one: str(one)[:40])
def test_a_rate_in_words(rate, english, german):
    whole = {"key": "one", "meter": "cached_requests", **rate}
    for language, said in (("en", english), ("de", german)):
        with translation.override(language):
            assert rate_lines([whole], "USD")[0].replace("\u00a0", " ") == said


def test_every_mode_and_meter_has_words():
    assert {rate["mode"] for rate, *_said in RATES} == set(MODES)
    assert set(METERS) == set(ONE_OF)
