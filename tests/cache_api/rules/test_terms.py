"""Terms: whoever can still be a home and whoever becomes one never have enough regions both."""

from itertools import combinations

import pytest

from cache_api.rules.terms import (
    Term,
    Witness,
    consent,
    have_followed,
    held_until_ms,
    place,
    quorum,
)


@pytest.mark.parametrize("regions", range(3, 8))
def test_of_those_that_keep_a_home_and_those_that_end_it_one_is_the_same(regions):
    others = range(regions - 1)  # beside the old home
    for keep in combinations(others, quorum(regions)):
        for end in combinations(others, consent(regions)):
            assert set(keep) & set(end)


def test_of_two_regions_each_goes_on_alone():
    assert (quorum(1), quorum(2)) == (0, 0)


NOW = [
    Witness(1, 100, "5-0"),
    Witness(1, 400, "7-2"),
    Witness(0, 900, "9-0"),
    Witness(1, 300, "7-1"),
]


@pytest.mark.parametrize(("needed", "until_ms"), [(0, -1), (1, 450), (2, 350), (3, 150), (4, 0)])
def test_a_home_is_one_until_the_word_of_the_last_it_needs_lapses(needed, until_ms):
    assert held_until_ms(NOW, 1, needed, 50) == until_ms


@pytest.mark.parametrize(("log_id", "count"), [("5-0", 3), ("7-1", 2), ("7-2", 1), ("7-10", 0)])
def test_who_has_followed_a_purge(log_id, count):
    assert have_followed(NOW, 1, log_id) == count


def test_a_region_that_slept_through_two_promotions_goes_back_to_the_first():
    term = Term(3, "ap", parted={"1": "10-0", "2": "90-0", "3": "120-5"})

    assert [term.parted_after(known) for known in (0, 1, 2, 3)] == [
        "10-0", "90-0", "120-5", "0-0",
    ]  # fmt: skip
    assert place("9-0") < place("10-0") < place("10-1")
