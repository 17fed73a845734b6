"""Equal requests have one fingerprint, different ones never; nothing a stranger sends breaks it."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache_api.rules import digest, shapes, strictjson
from cache_api.rules.identity import DENIED_BY_API, DENYLIST, BadRequestMember, identify
from tests.cache_api.rules.made_requests import any_json, one_change, requests, rewritten, some

ROOT = Path(__file__).resolve().parents[3]


def fingerprint(request):
    return digest.digest(identify(request))


def outcome(request):
    try:
        found = identify(request)
        return {"canonical": digest.canonical(found).decode(), "digest": digest.digest(found)}
    except digest.NotCanonical:
        return {"error": "not_canonical"}
    except BadRequestMember:
        return {"error": "bad_request"}


@given(st.data())
@some
def test_the_same_request_written_otherwise_has_the_same_digest(data):
    request = data.draw(requests())
    text = data.draw(rewritten(request))

    assert fingerprint(strictjson.parse(text.encode())) == fingerprint(request)


@given(st.data())
@some
def test_one_parameter_changed_is_another_digest(data):
    request = data.draw(requests())
    changed = data.draw(one_change(request))

    assert fingerprint(changed) != fingerprint(request)


@some
@given(requests(), st.sampled_from(["temperature", "user_question", "n"]))
def test_a_parameter_taken_away_is_another_digest(request_, name):
    more = {**request_, name: 1}

    assert fingerprint(more) != fingerprint({n: v for n, v in more.items() if n != name})


@given(any_json)
@some
def test_arbitrary_json_is_identified_or_refused(value):
    before = json.dumps(value)

    got = outcome(value)
    placed = {"provider": "openai", "model": "m", **value} if type(value) is dict else value

    assert got.keys() in ({"canonical", "digest"}, {"error"})
    assert outcome(placed).keys() in ({"canonical", "digest"}, {"error"})
    assert json.dumps(value) == before


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@given(st.lists(st.one_of(requests(), any_json), min_size=50, max_size=80))
@settings(max_examples=4, deadline=None)
def test_python_and_javascript_agree_on_any_request(made):
    texts = [json.dumps(request) for request in made]
    cases = [
        {"name": f"{n}", "request": text, **outcome(strictjson.parse(text.encode()))}
        for n, text in enumerate(texts)
    ]

    run = subprocess.run(
        ["node", str(ROOT / "sdk/js/test/run-vectors.mjs"), "/dev/stdin"],
        input=json.dumps({"cases": cases}), capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert run.returncode == 0, run.stderr
    assert f"{len(cases)} of {len(cases)} digest vectors agree" in run.stdout


def test_a_denied_member_counts_nowhere_but_in_the_list():
    for name in DENYLIST:
        for request in ({"provider": "openai", "messages": []}, {"provider": "nobody", "q": 1}):
            with_it = {**request, "model": "m", name: {"any": "thing"}}
            assert fingerprint(with_it) == fingerprint({**request, "model": "m"}), name


def test_what_one_api_denies_counts_for_every_other():
    apis = {
        shapes.CHAT: {"provider": "openai", "messages": []},
        shapes.RESPONSES: {"provider": "openai", "input": "hi"},
        shapes.EMBEDDINGS: {"provider": "openai", "input": ["hi"]},
        shapes.MESSAGES: {"provider": "anthropic", "messages": []},
        shapes.COHERE: {"provider": "cohere", "messages": []},
        shapes.COHERE_V1: {"provider": "cohere", "message": "hi"},
        shapes.GENERIC: {"provider": "nobody"},
    }
    for api, request in apis.items():
        request = {**request, "model": "m"}
        assert identify(request).api == api
        for denying, names in DENIED_BY_API.items():
            for name in names:
                same = fingerprint({**request, name: 1}) == fingerprint(request)
                assert same is (api == denying)


@pytest.mark.parametrize(
    ("request_", "pointer"),
    [
        (None, ""),
        ([], ""),
        ("x", ""),
        ({"model": "m"}, "/provider"),
        ({"provider": "p"}, "/model"),
        ({"provider": "p" * 201, "model": "m"}, "/provider"),
        ({"provider": "p", "model": 4}, "/model"),
        ({"provider": "", "model": "m"}, "/provider"),
    ],
)
def test_without_provider_and_model_there_is_no_identity(request_, pointer):
    with pytest.raises(BadRequestMember) as refused:
        identify(request_)

    assert refused.value.pointer == pointer
    assert refused.value.detail
