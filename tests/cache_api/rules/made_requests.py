"""Provider requests made by Hypothesis, and the same requests written otherwise."""

import copy
import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from cache_api.rules.identity import DENYLIST

# Enough examples to find a broken rule, not enough to slow the suite; `bench.fuzz` does the rest.
some = settings(max_examples=80, deadline=None)

# Names every rule looks at, so that arbitrary JSON meets each branch.
NAMES = (
    "provider", "model", "messages", "message", "input", "system", "tools", "content", "role",
    "type", "text", "chat_history", "cache_control", "prompt_cache_breakpoint", "dimensions",
    "choices", "finish_reason", "usage", "error", "data", "encoding", "content_type", "object",
    "status", "output", "candidates", "embeddings", "meta", "billed_units", "stop_reason", "user",
)  # fmt: skip
WORDS = (
    "openai", "anthropic", "cohere", "together", "gpt-4", "text-embedding-3-small", "user", "tool",
    "text", "input_text", "message", "response", "list", "base64", "stop", "hi", "", "aGk=",
)  # fmt: skip

texts = st.one_of(
    st.sampled_from(WORDS), st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
)
numbers = st.one_of(st.integers(-999, 999), st.floats(-9, 9).map(lambda x: round(x, 2)))
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)


def json_values(leaves: int = 20, scalar: st.SearchStrategy = scalars) -> st.SearchStrategy:
    """Arbitrary JSON out of the names and words that mean something here."""
    names = st.one_of(st.sampled_from(NAMES), texts)
    return st.recursive(
        scalar,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=5)
        ),
        max_leaves=leaves,
    )


# What rfc8785 refuses, too: lone surrogates and integers that no double holds.
any_json = json_values(
    30,
    st.one_of(scalars, st.integers(-(2**70), 2**70), st.text(max_size=4), st.just("\ud800")),
)


def _turns(kind: str) -> st.SearchStrategy:
    part = st.one_of(
        texts.map(lambda text: {"type": kind, "text": text}),
        st.just({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}),
    )
    content = st.one_of(texts, st.lists(part, max_size=3))
    turn = st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "system", "assistant", "tool"]), "content": content}
    )
    return st.lists(turn, min_size=1, max_size=3)


_MORE = st.dictionaries(
    st.sampled_from(["temperature", "top_p", "seed", "stop", "tools", "x", "top_k", "system"]),
    json_values(6),
    max_size=4,
)
# (provider, model, the member that says the API, how it is filled)
_FORMS = (
    ("openai", "gpt-4", "messages", _turns("text")),
    ("together", "meta-llama/Llama-3-8b", "messages", _turns("text")),
    ("anthropic", "claude-sonnet-4-5", "messages", _turns("text")),
    ("cohere", "command-a-03-2025", "messages", _turns("text")),
    ("cohere", "command-r", "message", texts),
    ("openai", "gpt-4.1", "input", st.one_of(texts, _turns("input_text"))),
    ("openai", "text-embedding-3-small", "input", st.one_of(texts, st.lists(texts, max_size=3))),
    ("nobody", "m", "messages", _turns("text")),
)


@st.composite
def requests(draw: Any) -> dict[str, Any]:
    """A request of any shape, without denied members, marks or top-level nulls."""
    provider, model, member, filled = draw(st.sampled_from(_FORMS))
    more = {name: value for name, value in draw(_MORE).items() if value is not None}
    return _unmarked({"provider": provider, "model": model, member: draw(filled), **more})


def _unmarked(value: Any) -> Any:
    if type(value) is dict:
        names = ("cache_control", "prompt_cache_breakpoint")
        return {name: _unmarked(inner) for name, inner in value.items() if name not in names}
    return [_unmarked(inner) for inner in value] if type(value) is list else value


@st.composite
def rewritten(draw: Any, request: dict[str, Any]) -> str:
    """The same request as JSON text: other order, spacing and spelling, denied members, nulls."""
    extra = draw(st.dictionaries(st.sampled_from(sorted(DENYLIST)), scalars, max_size=3))
    nulls = draw(st.lists(st.sampled_from(["logit_bias", "n", "documents"]), max_size=2))
    return _written(draw, {**request, **extra, **dict.fromkeys(nulls)})


def _written(draw: Any, value: Any) -> str:
    space = draw(st.sampled_from(["", " ", "\n\t"]))
    if type(value) is dict:
        members = draw(st.permutations(list(value.items())))
        inner = [f"{_text(draw, name)}:{space}{_written(draw, each)}" for name, each in members]
        return "{" + space + ("," + space).join(inner) + "}"
    if type(value) is list:
        return "[" + ("," + space).join(_written(draw, each) for each in value) + space + "]"
    if type(value) is str:
        return _text(draw, value)
    if type(value) is int:
        spellings = [f"{value}", f"{value}.0", f"{value}e0"]
        if value:  # JSON allows no leading zero
            spellings.append(f"{value}0E-1")
        return draw(st.sampled_from(spellings))
    if type(value) is float:
        return draw(st.sampled_from([repr(value), f"{value:.17e}", f"{value!r}e0"]))
    return json.dumps(value)


def _text(draw: Any, text: str) -> str:
    if text and ord(text[0]) < 0x10000 and draw(st.booleans()):
        return f'"\\u{ord(text[0]):04x}' + json.dumps(text[1:])[1:]
    return json.dumps(text, ensure_ascii=draw(st.booleans()))


@st.composite
def one_change(draw: Any, request: dict[str, Any]) -> dict[str, Any]:
    """The request with one parameter's value replaced, a member added, or one taken away."""
    changed = copy.deepcopy(request)
    if draw(st.integers(0, 4)) == 0:
        changed["a_parameter_of_tomorrow"] = draw(numbers)
        return changed
    holder, place = draw(st.sampled_from(list(_leaves(changed))))
    holder[place] = _other(holder[place])
    return changed


def _leaves(value: Any) -> Any:
    pairs = value.items() if type(value) is dict else enumerate(value)
    for place, inner in list(pairs):
        if type(inner) in (dict, list) and inner:
            yield from _leaves(inner)
        else:
            yield value, place


def _other(value: Any) -> Any:
    if type(value) is bool:
        return int(value)
    if type(value) in (int, float):
        return value + 1
    return value + "x" if type(value) is str else [value]
