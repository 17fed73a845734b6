"""Elements as bytes, against the json module."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache_api.rules import slices, strictjson

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()


def nested(inner):
    return st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)


values = st.recursive(scalars, nested, max_leaves=8)


@given(st.lists(values, max_size=5), st.dictionaries(st.text(), values, max_size=3),
       st.sampled_from([None, 0, 3]), st.booleans())  # fmt: skip
def test_elements_are_what_was_sent(items, around, indent, escaped):
    body = json.dumps({**around, "items": items}, indent=indent, ensure_ascii=escaped)
    if not escaped and any("\ud800" <= char <= "\udfff" for char in body):
        return
    raw = body.encode()

    found = slices.elements(raw, "items", 100)

    assert [json.loads(one) for one in found] == items
    assert all(one in raw for one in found)


ODD = {
    "a lone surrogate": (rb'{"items":[{"a":"\ud800"},2]}', [rb'{"a":"\ud800"}', b"2"]),
    "a bad element": (b'{"items":[1,{"a" 5},tru]}', [b"1", b'{"a" 5}', b"tru"]),
    "invalid utf-8 inside": (b'{"items":["\xff", nan]}', [b'"\xff"', b"nan"]),
    "deep": (b'{"items":[' + b"[" * 5000 + b"]" * 5000 + b",1]}",
             [b"[" * 5000 + b"]" * 5000, b"1"]),
    "brackets in texts": (rb'{"x":"items:[","items":[{"a":"]}\"["},nan]}',
                          [rb'{"a":"]}\"["}', b"nan"]),
    "another list before": (rb'{"other":[1,"\ud800"],"items":["\ud800"]}', [rb'"\ud800"']),
    "the name deeper down": (rb'{"a":{"items":[9]},"items":["\ud800"]}', [rb'"\ud800"']),
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
def test_odd_elements_concern_only_themselves(odd):
    body, wanted = ODD[odd]

    assert slices.elements(body, "items", 100) == wanted


BAD = {
    "no json": b"hello",
    "cut off": b'{"items":[1,2',
    "cut off in a text": b'{"items":["a',
    "twice": b'{"items":[1],"items":[2]}',
    "twice, the first odd": rb'{"items":["\ud800"],"items":[2]}',
    "another member twice": b'{"a":1,"a":2,"items":[1]}',
    "a bad frame": b'{"items":[1],"a":nan}',
    "no comma": rb'{"items":["\ud800" 2]}',
    "a colon": rb'{"items":["\ud800":2]}',
    "two commas": rb'{"items":["\ud800",,2]}',
    "behind it": rb'{"items":["\ud800"]}x',
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_frame_is_refused(bad):
    with pytest.raises(strictjson.BadJson):
        slices.elements(BAD[bad], "items", 100)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"5", b'{"items":5}', b'{"items":{"a":1}}',
                                  b'{"a":{"items":[1]}}', b'{"items":"\\ud800"}'])  # fmt: skip
def test_no_list_is_told(body):
    with pytest.raises(slices.NoList):
        slices.elements(body, "items", 100)


class Counted:
    """A pattern that counts what it finds: work that does not depend on the machine."""

    def __init__(self, pattern):
        self.pattern, self.found = pattern, 0

    def finditer(self, body):
        """The matches, counted."""
        for match in self.pattern.finditer(body):
            self.found += 1
            yield match


N = 450_000
ODD_START = rb'{"items":["\ud800",['  # what the fast way does not read
HOSTILE = {
    "brackets": b'{"items":[' + b"[" * N,
    "closed brackets": b'{"items":[' + b"[" * N + b"]" * N + b"]}",
    "pairs": ODD_START + b"[]," * N + b"1]]}",
    "scalars": ODD_START + b"1," * N + b"1]]}",
    "colons": ODD_START + b":" * N + b"]]}",
    "closing": ODD_START + b"]" * N,
    "texts": ODD_START + b'""' * N + b"]]}",
    "nothing but colons": b"[]" * 33 + b":" * N,
    "nothing but ends": b"[]" * 33 + b"]" * N,
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_megabytes_of_anything_cost_bounded_work(monkeypatch, hostile):
    body = HOSTILE[hostile]
    counted = Counted(strictjson.TOKEN)
    monkeypatch.setattr(strictjson, "TOKEN", counted)

    with pytest.raises(strictjson.BadJson):
        slices.elements(body, "items", 100)
    with pytest.raises(strictjson.BadJson):
        strictjson.parse(body)

    assert counted.found <= slices.MAX_VALUES + 2 * strictjson._MAX_TOKENS + 3


def test_colons_are_not_piled_up():
    """What is remembered of the last token does not grow: that was quadratic."""
    body = ODD_START + b":" * 2_000 + b"]]}"
    kept = []

    def watch(frame, event, _):
        kept.append(len(frame.f_locals.get("last", b"")))
        return watch

    before = sys.gettrace()
    sys.settrace(lambda frame, *_: watch if frame.f_code.co_name == "_by_tokens" else None)
    try:
        slices.elements(body, "items", 100)
    finally:
        sys.settrace(before)
    assert max(kept) <= len(b'"items":')


def test_a_full_batch_of_embeddings_is_no_attack():
    one = b'{"op":"store","response":[' + b",".join([b"0.1"] * 3_072) + b"]}"
    body = b'{"items":[' + b",".join([one] * 100) + b"]}"

    assert slices.elements(body, "items", 100) == [one] * 100
