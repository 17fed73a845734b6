"""A caller's own intent key: matched exactly, within API, provider and model."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache_api.rules import digest
from cache_api.rules.identity import identify
from cache_api.rules.semantic_key import BadSemanticKey, check, semantic_digest
from tests.cache_api.rules.made_requests import some

ASKED = {"provider": "openai", "model": "gpt-4", "messages": [{"role": "user", "content": "hi"}]}
OTHERWISE = {**ASKED, "temperature": 0.2, "messages": [{"role": "user", "content": "hello?"}]}
printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40)


def of(request, key="refund-policy"):
    return semantic_digest(key, identify(request))


def test_the_digest_is_the_published_one():
    text = '{"api":"openai.chat","model":"gpt-4","provider":"openai","semantic_key":"refund","v":1}'
    alone = '{"semantic_key":"refund","v":1}'

    assert of(ASKED, "refund") == hashlib.sha256(text.encode()).hexdigest()
    assert semantic_digest("refund", None) == hashlib.sha256(alone.encode()).hexdigest()


def test_words_and_parameters_do_not_count():
    assert of(ASKED) == of(OTHERWISE)


@pytest.mark.parametrize(
    "request_",
    [
        {**ASKED, "model": "gpt-4o"},
        {**ASKED, "provider": "azure"},
        {"provider": "openai", "model": "gpt-4", "input": "hi"},
    ],
    ids=["model", "provider", "api"],
)
def test_api_provider_and_model_do(request_):
    assert of(request_) != of(ASKED)


@some
@given(printable, printable)
def test_keys_match_exactly(one, other):
    assert (of(ASKED, one) == of(ASKED, other)) is (one == other)
    assert semantic_digest(one, None) != of(ASKED, one)
    assert semantic_digest(one, None) != digest.digest(identify(ASKED))


@pytest.mark.parametrize("key", ["a", "A", " a", "a ", "ä", "a\u0308", "質問", "x" * 1024])
def test_a_printable_key_is_taken_as_it_is(key):
    assert check(key) == key
    assert len(semantic_digest(key, None)) == 64


@pytest.mark.parametrize(
    "key", [None, "", "x" * 1025, "a\nb", "a\x00", "\ud800", "\u200b", 5, ["a"], {"a": 1}]
)
def test_any_other_is_refused(key):
    with pytest.raises(BadSemanticKey) as refused:
        check(key)

    assert refused.value.pointer == "/semantic_key"
    assert "1024" in refused.value.detail


def test_a_model_that_no_text_can_hold_has_no_digest():
    with pytest.raises(digest.NotCanonical):
        of({**ASKED, "model": "\ud800"})


def test_the_document_is_canonical_json():
    whole = {"v": 1, "semantic_key": 'a"b\\', "api": "generic", "provider": "p", "model": "m"}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"))

    found = identify({"provider": "p", "model": "m"})
    assert semantic_digest('a"b\\', found) == hashlib.sha256(text.encode()).hexdigest()
