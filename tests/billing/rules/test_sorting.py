"""Any number of items come back in order, any number of times, and few stretches of them wait."""

from hypothesis import given
from hypothesis import strategies as st

from billing.rules import sorting
from billing.rules.sorting import Sorted
from tests.billing.rules.build import many


@many
@given(st.lists(st.tuples(st.integers(0, 9), st.text(max_size=3)), max_size=90))
def test_items_come_back_in_order_and_equal_ones_as_they_came(items):
    kept = []

    def keep(some):
        kept.append(tuple(some))
        return kept[-1]

    before = sorting.STRETCH, sorting.FAN
    sorting.STRETCH, sorting.FAN = 4, 3
    try:
        found = Sorted(keep, items=items)
        by_number = Sorted(keep, lambda item: item[0], items)
        assert list(found) == list(found) == sorted(items)
        assert list(by_number) == sorted(items, key=lambda item: item[0])
    finally:
        sorting.STRETCH, sorting.FAN = before
    assert len(found) == len(items)
    assert all(len(same) < 3 for same in found._lengths)
