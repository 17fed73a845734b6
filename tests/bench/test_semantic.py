"""The semantic benchmark: its edits change what they say, its verdicts name pairs once."""

import csv
from collections import Counter

import pytest

from bench import banking
from bench.edits import EDITS
from cache_api.rules.semantic import guards
from cache_api.rules.semantic.features import features
from tests.cache_api import embedding

EXAMPLES = {
    "another number": ("Is 5 the limit?", "Is 55 the limit?"),
    "negated, or no longer": ("Why is it late?", "Why is it not late?"),
    "another currency": ("Change USD now", "Change EUR now"),
    "another name": ("Does Visa work?", "Does Mastercard work?"),
    "another direction": ("Send it from Rome", "Send it to Rome"),
    "another thing": ("Is my card lost?", "Is my account lost?"),
    "another question word": ("How is it blocked?", "Why is it blocked?"),
    "lower case, no signs": ("Where is my PIN?!", "where is my pin"),
    "asked politely": ("Where is it?", "Hello, please tell me: where is it?"),
    "contracted": ("It does not work", "It doesn't work"),
}


@pytest.fixture(scope="module")
def semantic():
    """The benchmark, or a skip where the packages it measures are absent."""
    pytest.importorskip("numpy", reason="semantic extra absent")
    from bench import semantic

    return semantic


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_changes_what_it_says_or_nothing(name):
    edit, _ = EDITS[name]
    before, after = EXAMPLES[name]

    assert edit(before) == after
    assert edit("hm") is None or name == "lower case, no signs"


def test_a_negation_is_taken_back():
    assert EDITS["negated, or no longer"][0]("Why isn't it here?") == "Why is it here?"


def test_verdicts_name_each_pair_once(semantic):
    with semantic.VERDICTS.open() as file:
        rows = list(csv.DictReader(file))

    assert Counter((row["asked"], row["stored"]) for row in rows).most_common(1)[0][1] == 1
    assert {row["verdict"] for row in rows} == {"right", "form", "wrong"}
    assert len(rows) > 600


def test_edited_questions_are_kept_back_and_rewordings_served(semantic, shared_data):
    model = embedding.model()
    texts = banking.questions("test")[::60]

    table = {
        row["edited"]: row
        for row in semantic.edited(model, texts, 9200)
        if row["answer serves"] == "no"
    }

    negated = table["negated, or no longer"]
    assert negated["pairs"] > 20
    assert negated["served, no guards %"] > 50
    assert {row["served %"] for row in table.values()} == {0.0}


def test_the_guards_keep_every_edit_of_thousands_of_real_questions_back(semantic, shared_data):
    texts = banking.questions("test")
    let_by = Counter()
    for name in ("another number", "another currency", "another name", "another question word"):
        edit, _ = EDITS[name]
        for text in texts:
            other = edit(text)
            if other is not None:
                let_by[name] += guards.tripped(features(text), features(other)) is None

    assert let_by.total() == 0
    assert set(let_by) == {
        "another number", "another currency", "another name", "another question word",
    }  # fmt: skip
