"""What may be stored, for how long, and what a hit of it saves."""

import json

import pytest

from cache_api.rules import cacheable, prices, ttl, usage

OPENAI = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}], "usage": {}}
CLAUDE = {"type": "message", "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn"}
CALL = {"content": None, "tool_calls": [{"id": "c"}]}
NOW_MS = 1_795_000_000_000


def choice(**changes):
    return {"choices": [{**OPENAI["choices"][0], **changes}]}


@pytest.mark.parametrize(
    "response",
    [
        OPENAI,
        CLAUDE,
        choice(message=CALL, finish_reason="tool_calls"),
        {"data": [1, 2]},
        [1],
        "text",
        0,
        False,
        {"object": "response", "status": "completed", "output": [1], "error": None},
        {"content_type": "text/plain", "encoding": "base64", "data": "aGk="},
    ],
)
def test_answers_may_be_stored(response):
    assert cacheable.refusal(response, {}) is None


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (None, "empty"),
        ({}, "empty"),
        ([], "empty"),
        ("", "empty"),
        ({"choices": []}, "empty"),
        (choice(message={"content": ""}), "empty"),
        (choice(message={"content": None}), "empty"),
        ({**CLAUDE, "content": []}, "empty"),
        ({"error": {"message": "no"}}, "provider_error"),
        ({"type": "error", "error": {}}, "provider_error"),
        (choice(finish_reason="content_filter"), "content_filter"),
        ({**CLAUDE, "stop_reason": "refusal"}, "content_filter"),
        (choice(finish_reason="length"), "truncated"),
        ({**CLAUDE, "stop_reason": "max_tokens"}, "truncated"),
        (choice(finish_reason=None), "incomplete"),
        ({**CLAUDE, "stop_reason": None}, "incomplete"),
        ({"object": "response", "status": "failed"}, "incomplete"),
        (
            {
                "object": "response",
                "status": "incomplete",
                "incomplete_details": {"reason": "max_output_tokens"},
            },
            "truncated",
        ),
    ],
)
def test_what_is_no_answer_is_refused_with_its_reason(response, reason):
    assert cacheable.refusal(response, {"max_tokens": 5}) == reason
    assert reason in cacheable.REASONS


def test_a_truncated_answer_needs_the_requests_limit_and_the_partners_leave():
    cut = choice(finish_reason="length")

    assert cacheable.refusal(cut, {"max_tokens": 5}, allow_truncated=True) is None
    assert cacheable.refusal(cut, {}, allow_truncated=True) == "truncated"


@pytest.mark.parametrize(
    ("model", "params", "seconds"),
    [
        ("gpt-4o-2024-08-06", {}, ttl.PINNED_S),
        ("gpt-4-0613", {}, ttl.PINNED_S),
        ("claude-sonnet-4-5-20250929", {}, ttl.PINNED_S),
        ("mistral-large-2411", {}, ttl.PINNED_S),
        ("gpt-4", {}, ttl.FLOATING_S),
        ("claude-sonnet-4-5", {}, ttl.FLOATING_S),
        ("nobody-knows", {}, ttl.FLOATING_S),
        ("gpt-4o-search-preview-2025-03-11", {}, ttl.SEARCH_S),
        ("sonar-pro", {}, ttl.SEARCH_S),
        ("gpt-4o", {"web_search_options": {}}, ttl.SEARCH_S),
        ("claude-sonnet-4-5-20250929", {"tools": [{"type": "web_search_20250305"}]}, ttl.SEARCH_S),
        ("text-embedding-3-small", {}, ttl.EMBEDDING_S),
    ],
)
def test_ttl_by_model(model, params, seconds):
    assert ttl.model_ttl_s(model, params) == seconds


def lifetime(seed=b"\x03\xe8", **changes):
    given = {"requested_s": None, "partner_default_s": None, "partner_max_s": None, "model_s": 1000}
    return ttl.lifetime_ms(**{**given, **changes}, seed=seed)


def test_ttl_request_before_partner_before_model_and_caps_hold():
    middle = (1000).to_bytes(2, "big")  # this seed means no jitter

    assert lifetime(middle) == 1_000_000
    assert lifetime(middle, partner_default_s=500) == 500_000
    assert lifetime(middle, partner_default_s=500, requested_s=60) == 60_000
    assert lifetime(middle, requested_s=900, partner_max_s=100) == 100_000
    assert lifetime(middle, requested_s=10**9) == ttl.PLATFORM_CAP_S * 1000


def test_jitter_is_within_ten_percent_repeatable_and_never_beyond_a_promise():
    seeds = [number.to_bytes(2, "big") for number in range(0, 65_536, 7)]
    lives = [lifetime(seed) for seed in seeds]

    assert min(lives) == 900_000
    assert max(lives) == 1_100_000
    assert lives == [lifetime(seed) for seed in seeds]
    assert max(lifetime(seed, requested_s=100) for seed in seeds) == 100_000
    assert max(lifetime(seed, partner_max_s=1000) for seed in seeds) == 1_000_000


def test_usage_and_cost_of_the_documented_exchange():
    response = {
        **OPENAI,
        "model": "gpt-4",
        "usage": {"prompt_tokens": 100, "completion_tokens": 100},
    }

    tokens = usage.tokens_of("openai.chat", response)

    assert tokens == {"input_tokens": 100, "output_tokens": 100}
    assert (
        prices.cost_saved_micros("openai", "gpt-4", tokens, NOW_MS) == 9000
    )  # 100 × $30/M + 100 × $60/M


def test_cached_prompt_tokens_cost_the_cached_price():
    details = {"cached_tokens": 600}
    response = {
        "model": "gpt-4o",
        "usage": {"prompt_tokens": 1000, "completion_tokens": 0, "prompt_tokens_details": details},
    }

    tokens = usage.tokens_of("openai.chat", response)

    assert tokens == {"input_tokens": 1000, "cache_read_tokens": 600}
    assert prices.cost_saved_micros("openai", "gpt-4o", tokens, NOW_MS) == 400 * 2.5 + 600 * 1.25


def test_anthropic_usage_counts_cached_tokens_as_input():
    counted = {
        "input_tokens": 10,
        "output_tokens": 5,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 20,
    }

    assert usage.tokens_of(
        "anthropic.messages", {**CLAUDE, "model": "claude-sonnet-4-5", "usage": counted}
    ) == {
        "input_tokens": 130,
        "output_tokens": 5,
        "cache_read_tokens": 100,
        "cache_write_tokens": 20,
    }


def test_the_callers_usage_goes_before_the_responses_own():
    given = {"prompt_tokens": 7, "completion_tokens": 1}

    assert usage.tokens_of("", "opaque", given) == {"input_tokens": 7, "output_tokens": 1}


@pytest.mark.parametrize(
    "broken",
    [
        None,
        5,
        "x",
        [],
        {"usage": 5},
        {"usage": {}},
        {"usage": {"prompt_tokens": "x"}},
        {"usage": {"prompt_tokens": -5, "completion_tokens": 1}},
        {"usage": {"prompt_tokens": 2**63, "completion_tokens": 1}},
        {"usage": {"prompt_tokens": 1, "completion_tokens": 1_000_000_001}},
    ],
)
def test_usage_that_cannot_be_read_is_none(broken):
    assert usage.tokens_of("openai.chat", broken) == {}


@pytest.mark.parametrize(
    ("provider", "model"),
    [("openai", "nobody-knows"), ("nobody", "gpt-4"), ("", "gpt-4"), ("openai", "")],
)
def test_an_unknown_model_saves_nothing_and_is_no_error(provider, model):
    assert prices.cost_saved_micros(provider, model, {"input_tokens": 10}, NOW_MS) == 0
    assert not prices.is_priced(provider or "-", model or "-")


def test_costs_agree_with_the_published_usages(shared_data):
    rows = json.loads((shared_data / "prices" / "genai_prices_usages.json").read_text())
    flavours = {"openai.chat": ("openai", "chat"), "anthropic.messages": ("anthropic", "default")}
    compared = 0
    for row in rows:
        for found in row["extracted"]:
            for reader in found["extractors"]:
                api = next(
                    (
                        a
                        for a, f in flavours.items()
                        if f == (reader["provider_id"], reader["api_flavor"])
                    ),
                    None,
                )
                if api is None or "input_price" not in reader:
                    continue
                tokens = usage.tokens_of(api, row["body"])
                assert tokens == {name: count for name, count in found["usage"].items() if count}
                compared += 1

    assert compared > 100
