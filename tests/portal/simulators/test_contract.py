"""The check of the simulator itself: Stripe's description refuses what is wrong, either way."""

import pytest

from portal.simulators.stripe import shapes
from portal.simulators.stripe.contract import Contract
from portal.simulators.stripe.forms import decoded
from tests.fakes.stripe import described


@pytest.fixture(scope="module")
def contract(shared_data):
    return Contract(described(shared_data))


def test_forms_nest_as_stripe_writes_them():
    assert decoded("a=1&metadata[x]=y&expand[0]=p&expand[1]=q&created[gte]=5&empty=") == {
        "a": "1", "metadata": {"x": "y"}, "expand": ["p", "q"], "created": {"gte": "5"},
        "empty": "",
    }  # fmt: skip


@pytest.mark.parametrize(("method", "path", "form", "said"), [
    ("POST", "/v1/customers", "name=x&metadata[a]=b", ""),
    ("POST", "/v1/customers", "nmae=x", "Additional properties"),
    ("POST", "/v1/invoiceitems", "amount=5&currency=usd", "'customer' is a required property"),
    ("POST", "/v1/invoiceitems", "customer=c&amount=much", "'much' is not of type 'integer'"),
    ("POST", "/v1/transfers", "amount=5&currency=usd&destination=a&transfer_group=g", ""),
    ("POST", "/v1/invoices", "customer=c&collection_method=sometimes", "is not one of"),
    ("GET", "/v1/invoices", "limit=100&created[gte]=5", ""),
    ("GET", "/v1/invoices", "colour=red", "Additional properties"),
    ("GET", "/v1/customers/search", "limit=1", "'query' is a required property"),
    ("POST", "/v1/cows", "a=1", "Unrecognized request URL"),
])  # fmt: skip
def test_a_request_is_checked_by_the_description(contract, method, path, form, said):
    problems = contract.request_problems(method, path, decoded(form))

    assert bool(problems) == bool(said) and said in "; ".join(problems)


def test_an_answer_and_a_notice_are_checked_too(contract):
    good = {"id": "cus_1", "object": "customer", "created": 1, "livemode": False,
            **shapes.customer({"name": "x"})}  # fmt: skip
    assert contract.answer_problems("GET", "/v1/customers/cus_1", good) == []
    for wrong in ({**good, "created": "today"}, {k: v for k, v in good.items() if k != "livemode"}):
        assert contract.answer_problems("POST", "/v1/customers", wrong) != []
    event = {"id": "evt_1", "object": "event", "created": 1, "livemode": False,
             **shapes.event("customer.created", good)}  # fmt: skip
    assert contract.event_problems(event) == []
    assert contract.event_problems({**event, "data": {"object": {**good, "livemode": 1}}}) != []
