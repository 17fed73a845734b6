"""Why two requests are, or are not, the same: named member by member, never by their text."""

import dataclasses
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache_api.rules import digest, strictjson
from cache_api.rules.explain import KINDS, MAX_FIELDS, explain
from cache_api.rules.identity import BadRequestMember, identify
from tests.cache_api.rules.made_requests import any_json, one_change, requests, rewritten, some

UNLIKE = {"not_canonical", "differs", "missing_left", "missing_right"}
SECRET = "the patient's name is Ann"


def chat(content="hi", **more):
    said = [{"role": "user", "content": content}]
    return {"provider": "openai", "model": "gpt-4", "messages": said, **more}


def kinds(left, right):
    """pointer → kind, without what is the same."""
    fields = explain(left, right).fields
    return {field.pointer: field.kind for field in fields if field.kind != "same"}


PART = {"type": "text", "text": "hi"}
MARKED = {**PART, "cache_control": {"type": "ephemeral"}}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (chat(), chat(), {}),
        (chat(temperature=1), chat(temperature=1.0), {}),
        (chat(), chat("ho"), {"/messages/0/content": "differs"}),
        (chat(logprobs=True), chat(logprobs=1), {"/logprobs": "differs"}),
        (chat(seed=1), chat(), {"/seed": "missing_right"}),
        (chat(), chat(seed=1), {"/seed": "missing_left"}),
        (chat(seed=None), chat(), {"/seed": "normalised"}),
        (chat(seed=None), chat(seed=1), {"/seed": "missing_left"}),
        (chat(user="a"), chat(user="b"), {"/user": "denied"}),
        (chat(stream=True), chat(), {"/stream": "denied"}),
        (chat([PART]), chat(), {"/messages/0/content": "normalised"}),
        (chat([MARKED]), chat(), {"/messages/0/content": "normalised"}),
        (
            chat([MARKED, IMAGE]),
            chat([PART, IMAGE]),
            {"/messages/0/content/0/cache_control": "normalised"},
        ),
        (chat([MARKED, IMAGE]), chat([PART]), {"/messages/0/content": "differs"}),
        (
            chat(x={"a": [1, {"b": 2}]}),
            chat(x={"a": [1, {"b": 3}, 4]}),
            {"/x/a/1/b": "differs", "/x/a/2": "missing_left"},
        ),
        (chat(x={"a": 1}), chat(x=[1]), {"/x": "differs"}),
        (chat(x={"~/": 1}), chat(x={"~/": 2}), {"/x/~0~1": "differs"}),
        (chat(seed=2**60), chat(seed=2**60), {"/seed": "not_canonical"}),
        (chat(seed=2**60), chat(seed=5), {"/seed": "not_canonical"}),
        (chat(x=["\ud800"]), chat(), {"/x/0": "not_canonical", "/x": "missing_right"}),
        (chat(x={"\ud800": 1}), chat(x={}), {"/x/\\ud800": "not_canonical"}),
        (
            {"provider": "openai", "model": "m", "input": "hi"},
            {"provider": "openai", "model": "m", "input": [{"role": "user", "content": "hi"}]},
            {"/input": "normalised"},
        ),
        (
            {"provider": "cohere", "model": "m", "messages": [], "priority": 1},
            {"provider": "cohere", "model": "m", "messages": []},
            {"/priority": "denied"},
        ),
        (
            {"provider": "cohere", "model": "m", "messages": [], "priority": 1},
            {"provider": "cohere", "model": "m", "message": "hi", "priority": 1},
            {"/messages": "missing_right", "/message": "missing_left", "/priority": "missing_left"},
        ),
        (chat(), {**chat(), "model": "gpt-4o"}, {"/model": "differs"}),
        (chat([PART]), {**chat(), "provider": "anthropic"},
         {"/provider": "differs", "/messages/0/content": "differs"}),
        # The same members, but a list makes it another API than a string does.
        (
            {"provider": "openai", "model": "embed", "input": "hi"},
            {"provider": "openai", "model": "embed", "input": [{"role": "user", "content": "hi"}]},
            {"/input": "differs"},
        ),
    ],
)  # fmt: skip
def test_each_kind_of_difference_is_named_at_its_place(left, right, expected):
    assert kinds(left, right) == expected


def test_normalised_places_beside_real_differences_are_still_named():
    left = chat([PART])
    right = chat()
    left["messages"] = [*left["messages"], {"role": "user", "content": "a"}]
    right["messages"] = [*right["messages"], {"role": "user", "content": "b"}]

    assert kinds(left, right) == {
        "/messages/1/content": "differs",
        "/messages/0/content": "normalised",
    }


def test_both_digests_apis_and_shapes_are_given():
    found = explain(chat("hello", seed=1), {**chat("hi"), "provider": "anthropic"})

    assert (found.same, found.left_out) == (False, 0)
    assert (found.left.api, found.right.api) == ("openai.chat", "anthropic.messages")
    assert found.left.digest == digest.digest(identify(chat("hello", seed=1)))
    (content,) = [f for f in found.fields if f.pointer == "/messages/0/content"]
    assert (content.left.type, content.left.length) == ("string", 5)
    assert content.left.hash != content.right.hash
    (seed,) = [f for f in found.fields if f.pointer == "/seed"]
    assert (seed.left.type, seed.left.length, seed.right) == ("number", None, None)


def test_the_same_is_listed_last_by_member():
    fields = explain(chat(seed=1), chat(seed=2)).fields

    assert [(f.pointer, f.kind) for f in fields] == [
        ("/seed", "differs"),
        ("/provider", "same"),
        ("/model", "same"),
        ("/messages", "same"),
    ]
    assert fields[3].left == fields[3].right


@given(st.data())
@some
def test_only_what_differs_makes_two_digests(data):
    left = data.draw(requests())
    how = data.draw(st.sampled_from(["change", "rewrite", "another"]))
    right = {
        "change": lambda: data.draw(one_change(left)),
        "rewrite": lambda: strictjson.parse(data.draw(rewritten(left)).encode()),
        "another": lambda: data.draw(requests()),
    }[how]()

    found = explain(left, right)
    named = {field.kind for field in found.fields}

    assert found.same is (found.left.digest == found.right.digest)
    assert found.same is not bool(named & UNLIKE)
    assert [KINDS.index(f.kind) for f in found.fields] == sorted(
        KINDS.index(f.kind) for f in found.fields
    )


@given(any_json, any_json)
@some
def test_arbitrary_json_is_explained_or_refused(left, right):
    pair = [
        {"provider": "openai", "model": "m", **side} if type(side) is dict else side
        for side in (left, right)
    ]
    if not all(type(side) is dict and _has_identity(side) for side in pair):
        with pytest.raises(BadRequestMember, match=r"."):
            explain(*pair)
        return

    found = explain(*pair)
    json.dumps(dataclasses.asdict(found)).encode()  # no lone surrogate is left in it
    assert found.same is (not {field.kind for field in found.fields} & UNLIKE)


def _has_identity(request):
    names = (request["provider"], request["model"])
    return all(type(name) is str and 0 < len(name) <= 200 for name in names)


def test_no_text_of_a_request_is_shown():
    requests_ = [
        chat(SECRET, user=SECRET, stop=[SECRET], x=None),
        chat([{"type": "text", "text": SECRET}], user=SECRET + "x", stop=[SECRET * 2], x=SECRET),
        {"provider": "cohere", "model": "m", "message": SECRET},
    ]
    for left in requests_:
        for right in requests_:
            assert "patient" not in json.dumps(dataclasses.asdict(explain(left, right)))


def test_a_long_name_of_a_member_is_cut():
    found = explain(chat(**{SECRET * 10: 1}), chat())

    assert len(found.fields[0].pointer) < 80


def nested(leaf):
    value = [leaf] * 19_000
    for _ in range(58):
        value = [value]
    return chat(x=value)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (chat(x=["a"] * 19_000), chat(x=["b"] * 19_000)),
        (nested("a"), nested("b")),
        (nested(2**60), nested("b")),
        (chat("a" * 5_000_000), chat("b" * 5_000_000)),
        (chat(x={str(n): n for n in range(9_000)}), chat(x={str(n): -n for n in range(9_000)})),
    ],
    ids=["wide", "deep", "broken", "long", "named"],
)
def test_the_answer_is_bounded_whatever_is_sent(left, right):
    started = time.process_time()
    found = explain(left, right)

    assert len(found.fields) <= MAX_FIELDS
    assert len(json.dumps(dataclasses.asdict(found))) < 60_000
    assert time.process_time() - started < 5  # processor time of this process; it takes 0.3


@pytest.mark.parametrize(
    ("left", "right", "pointer"),
    [
        ({"model": "m"}, chat(), "/left/provider"),
        (chat(), {"provider": "p"}, "/right/model"),
        ([], chat(), "/left"),
    ],
)
def test_a_request_without_identity_is_pointed_at(left, right, pointer):
    with pytest.raises(BadRequestMember) as refused:
        explain(left, right)

    assert refused.value.pointer == pointer
