"""Digest v1: the published vectors, and the fast path against the reference."""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from cache_api.rules import digest, shapes, strictjson
from cache_api.rules.identity import DENIED_BY_API, DENYLIST, BadRequestMember, identify

ROOT = Path(__file__).resolve().parents[3]
PUBLISHED = json.loads((ROOT / "tests" / "vectors" / "digest.json").read_text())
VECTORS = PUBLISHED["cases"]
DIGESTS = {case["name"]: case.get("digest") for case in VECTORS}

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


@pytest.mark.parametrize("case", VECTORS, ids=[case["name"] for case in VECTORS])
def test_vector(case):
    request = strictjson.parse(case["request"].encode())

    try:
        found = identify(request)
        got = {"canonical": digest.canonical(found).decode(), "digest": digest.digest(found)}
    except digest.NotCanonical:
        got = {"error": "not_canonical"}
    except BadRequestMember:
        got = {"error": "bad_request"}

    assert got == {key: case[key] for key in ("canonical", "digest", "error") if key in case}


def test_there_are_enough_vectors_and_each_name_is_used_once():
    assert len(VECTORS) >= 200
    assert len(DIGESTS) == len(VECTORS)


def test_every_digest_is_a_sha256():
    for case in VECTORS:
        if "canonical" in case:
            assert case["digest"] == hashlib.sha256(case["canonical"].encode()).hexdigest()
            assert json.loads(case["canonical"]).keys() == {
                "api", "model", "params", "provider", "v",
            }  # fmt: skip


@pytest.mark.parametrize("pair", PUBLISHED["pairs"], ids=lambda p: f"{p['left']} / {p['right']}")
def test_pair(pair):
    requests = {case["name"]: strictjson.parse(case["request"].encode()) for case in VECTORS}
    left, right = (digest.digest(identify(requests[pair[side]])) for side in ("left", "right"))

    assert (left == right) is pair["equal"]


def test_every_pitfall_has_pairs_or_a_test_that_exists():
    shown = {pair["pitfall"] for pair in PUBLISHED["pairs"] if pair["pitfall"]}
    elsewhere = PUBLISHED["elsewhere"]

    assert len(shown | set(elsewhere)) >= 30
    assert not shown & set(elsewhere)
    for where in elsewhere.values():
        if where != "semantic matching only":
            path, _, name = where.partition("::")
            assert f"\ndef {name}(" in (ROOT / path).read_text(), where


@needs_node
def test_the_same_vectors_pass_in_node():
    run = subprocess.run(
        ["node", str(ROOT / "sdk/js/test/run-vectors.mjs")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert run.returncode == 0, run.stderr
    pairs = len(PUBLISHED["pairs"])
    assert run.stdout.splitlines() == [
        f"{len(VECTORS)} of {len(VECTORS)} digest vectors agree",
        f"{pairs} of {pairs} pairs agree",
    ]


@needs_node
@pytest.mark.parametrize(
    "wrong",
    [
        {"cases": [{**VECTORS[0], "digest": "0" * 64}]},
        {"cases": VECTORS, "pairs": [{**PUBLISHED["pairs"][0], "equal": True}]},
        {"cases": []},
    ],
    ids=["digest", "pair", "nothing"],
)
def test_the_node_runner_notices_what_is_wrong(tmp_path, wrong):
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(wrong))

    run = subprocess.run(
        ["node", str(ROOT / "sdk/js/test/run-vectors.mjs"), str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert run.returncode == 1


def test_python_and_javascript_publish_the_same_denylist():
    source = (ROOT / "sdk" / "js" / "src" / "digest.mjs").read_text()
    listed = re.search(r"DENYLIST = new Set\(\[(.*?)\]\)", source, re.DOTALL)[1]

    assert set(re.findall(r'"(\w+)"', listed)) == DENYLIST
    assert 'DENIED_BY_API = { [COHERE]: ["priority"] };' in source
    assert {shapes.COHERE: {"priority"}} == DENIED_BY_API


def test_identity_leaves_the_request_as_it_was():
    text = '{"provider":"openai","model":"m","temperature":1.0,"messages":[{"role":"user",' \
           '"content":[{"type":"text","text":"hi","cache_control":{}}]}]}'  # fmt: skip
    request = json.loads(text)

    digest.digest(identify(request))

    assert request == json.loads(text)
    assert type(request["temperature"]) is float


numbers = st.one_of(
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False).filter(
        lambda x: not (x.is_integer() and abs(x) > 2**53 - 1)
    ),
    st.floats(-10, 10).map(lambda x: round(x, 3)),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.one_of(st.text("abcXYZ_0189", max_size=6), texts)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=25,
)


@given(values)
def test_fast_path_equals_the_reference(value):
    assert digest.canonical_json(value) == rfc8785.dumps(value)


@given(st.dictionaries(st.text("abcXYZ_0189", max_size=6), st.one_of(numbers, texts), max_size=6))
def test_fast_path_equals_the_reference_for_ascii_names(value):
    assert digest.canonical_json(value) == rfc8785.dumps(value)


@given(st.integers(min_value=2**53) | st.integers(max_value=-(2**53)))
def test_a_number_beyond_2_53_has_no_canonical_form_however_deep(number):
    as_float = float(min(max(number, -(10**300)), 10**300))
    for value in ({"a": [number]}, {"é": {"b": number}}, [0.1, "x", number], as_float):
        with pytest.raises(digest.NotCanonical):
            digest.canonical_json(value)


@pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}, ["a", {"b": "x\ud83d"}]])
def test_a_lone_surrogate_has_no_canonical_form(value):
    with pytest.raises(digest.NotCanonical):
        digest.canonical_json(value)
