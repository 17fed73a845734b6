"""Whether two answers say the same, as far as their words tell."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache_api.rules.semantic import judge
from tests.cache_api import embedding

LONG = "You can find the PIN in the app, in the section about cards. "


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Yes.", "yes", True),
        ("card_arrival", "card_arrival", True),
        ("Yes.", "No.", False),
        ("card_arrival", "card_lost", False),
        ("Paris", "The capital of France is Paris.", False),
        ("It takes 3 days to arrive here.", "It takes 5 days to arrive here.", False),
        ("It takes 3 days to arrive here.", "Three days are what it takes to come.", None),
        ("It takes 3 to 5 days to arrive.", "You wait 5 days until it arrives.", None),
        (LONG, LONG.upper().replace(",", ""), True),
        (LONG, "Look into the cards section of our app for it.", None),
        ("", "", True),
    ],
)
def test_what_words_alone_tell(one, other, same):
    assert judge.agree(one, other) is same
    assert judge.agree(other, one) is same


@given(st.text(max_size=2000))
def test_a_lead_is_a_beginning_of_bounded_length(text):
    lead = judge.lead(text)

    assert len(lead) <= judge.LEAD_CHARS
    assert " ".join(text.split()).startswith(lead)


def test_a_lead_ends_with_a_sentence_or_at_least_a_word():
    assert judge.lead(LONG * 20).endswith("about cards.")
    assert judge.lead("word " * 200).endswith("word")
    assert len(judge.lead("x" * 1000)) == judge.LEAD_CHARS


@pytest.mark.parametrize(
    ("response", "text"),
    [
        ({"choices": [{"message": {"content": "Hi"}}, {"message": {"content": "Ho"}}]}, "Hi\nHo"),
        ({"choices": [{"message": {"content": [{"type": "text", "text": "Hi"}]}}]}, "Hi"),
        ({"type": "message", "content": [{"type": "text", "text": "Hi"}]}, "Hi"),
        ("Hi", "Hi"),
        ({"answer": 7}, '{"answer": 7}'),
        ({"choices": [{"message": {"content": None}}]}, None),
        ({"choices": ["odd", {"message": 5}]}, None),
        ([1], "[1]"),
    ],
)
def test_what_a_response_says(response, text):
    raw = json.dumps(response)

    assert judge.text_of(raw.encode()) == (raw if text is None else text)


@given(st.binary(max_size=100))
def test_any_bytes_say_something_or_nothing(raw):
    assert type(judge.text_of(raw)) is str


def test_what_the_model_takes_for_the_same(shared_data):
    """Of paraphrased statements nearly all agree, of random pairs hardly any."""
    pytest.importorskip("numpy", reason="semantic extra absent")
    from cache_api.rules.semantic import vectors

    model = embedding.model()
    rows = json.loads((shared_data / "semantic" / "gptcache_mock_data.json").read_text())[::10]

    def agree(one, other):
        known = judge.agree(one, other)
        if known is not None:
            return known
        a, b = model.embed(judge.lead(one)), model.embed(judge.lead(other))
        if a is None or b is None:
            return None
        return vectors.similarity_bps(a, b) >= judge.MIN_SIMILARITY_BPS

    def judged(pairs):
        return [verdict for pair in pairs if (verdict := agree(*pair)) is not None]

    same = judged((row["origin"], row["similar"]) for row in rows)
    others = judged((row["origin"], rows[at - 37]["similar"]) for at, row in enumerate(rows))

    assert min(len(same), len(others)) > 80
    assert sum(same) / len(same) >= 0.98
    assert sum(others) / len(others) <= 0.05
