"""Every adapter behaves alike, in every metric it takes."""

import math

import pytest
from agentcache_overflow.vectors.protocol import unit

from tests.llm.conftest import DIMENSION


def vector(**places):
    """A unit vector with something at the places `at0`, `at1`, …"""
    made = [0.0] * DIMENSION
    for name, value in places.items():
        made[int(name[2:])] = value
    return unit(made)


ODD = "é \"quoted' {x} \\ back\nline"


def test_the_nearest_of_the_same_partition_come_first(vectors):
    vectors.upsert("a/b c", vector(at0=1), {"partition": "p", "question": ODD})
    vectors.upsert("d", vector(at1=1), {"partition": "p", "question": "z"})
    vectors.upsert("e", vector(at0=1), {"partition": "other", "question": "y"})

    found = vectors.search(vector(at0=5, at1=1), 5, {"partition": "p"})

    assert [one.id for one in found] == ["a/b c", "d"]
    assert found[0].payload == {"partition": "p", "question": ODD}
    expected = [5 / math.sqrt(26), 1 / math.sqrt(26)]
    assert [one.similarity for one in found] == pytest.approx(expected, abs=1e-5)


def test_k_bounds_and_where_has_every_member(each_database):
    for number in range(4):
        each_database.upsert(f"n{number}", vector(at0=9, **{f"at{number + 1}": number + 1}),
                       {"partition": "p", "kind": str(number % 2)})  # fmt: skip

    assert [one.id for one in each_database.search(vector(at0=1), 2, {"partition": "p"})] == [
        "n0",
        "n1",
    ]
    found = each_database.search(vector(at0=1), 5, {"partition": "p", "kind": "1"})
    assert [one.id for one in found] == ["n1", "n3"]
    assert not list(each_database.search(vector(at0=1), 5, {"partition": "p", "kind": "2"}))


def test_where_is_exact_whatever_its_characters(each_database):
    for name in (ODD, ODD.upper(), "plain"):
        each_database.upsert(f"id {len(name)} {name[-4:]}", vector(at0=1), {"partition": name})

    found = each_database.search(vector(at0=1), 5, {"partition": ODD})

    assert [one.payload["partition"] for one in found] == [ODD]


def test_an_id_again_takes_the_place_of_the_one_before(each_database):
    each_database.upsert("a", vector(at0=1), {"partition": "p", "question": "old"})
    each_database.upsert("a", vector(at1=1), {"partition": "p", "question": "new"})

    (found,) = each_database.search(vector(at1=1), 5, {"partition": "p"})
    assert (found.payload["question"], found.similarity) == ("new", pytest.approx(1, abs=1e-5))


def test_what_is_deleted_is_gone_and_what_is_not_there_is_no_error(each_database):
    each_database.upsert("a", vector(at0=1), {"partition": "p"})
    each_database.delete("a")
    each_database.delete("a")

    assert not list(each_database.search(vector(at0=1), 5, {"partition": "p"}))
