"""What is asked and what was answered: 1,000 different requests, each with a response of its own.

The text is English prose (Python's own manual), so that it compresses as answers of models do.
"""

import functools
import json
import re
from pydoc_data.topics import topics

KEYS = 1_000
SIZES = (512, 2_048, 16_384, 65_536)  # bytes of a response
MODEL = "gpt-4"


def request(index: int) -> dict[str, object]:
    """The documented request, an OpenAI chat with a system and a user turn, about order `index`."""
    question = f"My order {4711 + index} has not arrived. Where is it, and when will it come?"
    return {
        "provider": "openai", "model": MODEL, "temperature": 0.2, "max_tokens": 400,
        "messages": [
            {"role": "system", "content": "You are the support desk of a hardware shop. " * 4},
            {"role": "user", "content": question},
        ],
    }  # fmt: skip


def index_of(asked: str) -> int:
    """Which request a text with its question is. Raises ValueError when it is none of ours."""
    found = re.search(r"My order (\d+) has not", asked)
    if found is None:
        raise ValueError("not one of the benchmark's requests")
    return int(found[1]) - 4711


def response(index: int, size: int) -> bytes:
    """A chat completion of exactly `size` bytes, spaced as a provider spaces it."""
    room = size - len(_completion(""))
    return _completion(_text(index, room))


def content(response: bytes) -> bytes:
    """The model's words in a completion of ours: what a proxy that re-writes JSON must keep."""
    return json.loads(response)["choices"][0]["message"]["content"].encode()


def _completion(text: str) -> bytes:
    return json.dumps(
        {
            "id": "chatcmpl-bench", "object": "chat.completion", "created": 1_700_000_000,
            "model": f"{MODEL}-0613",
            "choices": [{"index": 0, "finish_reason": "stop",
                         "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": 120, "completion_tokens": 380, "total_tokens": 500},
        }
    ).encode()  # fmt: skip


def _text(index: int, length: int) -> str:
    """`length` characters that no JSON writer escapes; the first say which answer it is."""
    prose, name = _prose(), f"answer-{index:04} "
    start = index * 409 % len(prose)
    long = prose[start:] + prose
    return (name + long)[:length]


@functools.cache
def _prose() -> str:
    text = " ".join(topics[name] for name in sorted(topics))
    return re.sub(r"[^A-Za-z0-9.,;:()=+*_-]+", " ", text)
