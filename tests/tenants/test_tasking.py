"""A job runs for the partner that it was given, and for nobody whom a message only names."""

import pytest
from celery import Celery

from tenants.tasking import MissingPartner, PartnerTask

app = Celery("of these tests", set_as_current=False)


@app.task(base=PartnerTask)
def told(*, partner_id):
    """Whom it works for."""
    return partner_id


@pytest.mark.parametrize(("kwargs", "headers"), [
    ({"partner_id": "redis"}, {"partner_id": "redis"}), ({"partner_id": "redis"}, {}),
    ({"partner_id": "redis"}, None),
])  # fmt: skip
def test_it_runs_for_the_partner_of_its_argument(kwargs, headers):
    assert told.apply(kwargs=kwargs, headers=headers, throw=True).get() == "redis"


@pytest.mark.parametrize(("kwargs", "headers", "why"), [
    ({"partner_id": "redis"}, {"partner_id": "pinecone"}, "pinecone and argument redis differ"),
    ({}, {"partner_id": "redis"}, "without partner_id"), ({}, None, "without partner_id"),
    ({"partner_id": ""}, {"partner_id": "redis"}, "without partner_id"),
])  # fmt: skip
def test_a_message_that_names_another_or_nobody_does_not_run(kwargs, headers, why):
    with pytest.raises(MissingPartner, match=why):
        told.apply(kwargs=kwargs, headers=headers, throw=True)
