"""What makes two provider requests the same: API, provider, model, every parameter that matters.

Pure. Only what is provably equivalent is normalised: members of the published denylist, top-level
nulls and `cache_control` marks are left out, a string equals a single text part. Everything else
counts, known or not: key order and number spelling are the canonical form's business, Unicode,
line endings and deeper nulls stay as they are.
"""

from dataclasses import dataclass
from typing import Any

VERSION = 1
# Published: what does not change the answer a model would give. `provider` and `model` have members
# of their own in the canonical document.
DENYLIST: frozenset[str] = frozenset(
    {
        "stream", "stream_options", "user", "metadata", "store", "service_tier",
        "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options",
        "timeout", "extra_headers", "request_id", "cache_control",
    }
)  # fmt: skip
_APART = DENYLIST | {"provider", "model"}
OPENAI_COMPATIBLE: frozenset[str] = frozenset(
    {
        "openai", "azure", "azure_openai", "openrouter", "together", "groq", "mistral", "deepseek",
        "fireworks", "x-ai", "perplexity", "cerebras",
    }
)  # fmt: skip
MAX_NAME = 200


class BadRequestMember(ValueError):
    """A member without which a request has no identity. `pointer` is relative to the request."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer, self.detail = pointer, detail


@dataclass(frozen=True, slots=True)
class Identity:
    """A provider request, reduced to what counts. `params` are the canonical document's params."""

    api: str
    provider: str
    model: str
    params: dict[str, Any]


def identify(request: Any) -> Identity:
    """The identity of an `original_request`. Raises BadRequestMember.

    The request is not changed; the identity may share its nested values.
    """
    if type(request) is not dict:
        raise BadRequestMember("", "original_request must be an object.")
    provider = _name(request, "provider", "openai")
    model = _name(request, "model", "gpt-4")
    params = {
        name: value for name, value in request.items() if value is not None and name not in _APART
    }
    api = _api(provider, params)
    if api != "generic":
        _normalise(params, api)
    return Identity(api, provider, model, params)


def _name(request: dict[str, Any], member: str, example: str) -> str:
    value = request.get(member)
    if type(value) is not str or not value or len(value) > MAX_NAME:
        raise BadRequestMember(
            f"/{member}",
            f'original_request needs "{member}": a string of 1 to {MAX_NAME} characters, '
            f'for example "{example}".',
        )
    return value


def _api(provider: str, params: dict[str, Any]) -> str:
    if type(params.get("messages")) is not list:
        return "generic"
    if provider == "anthropic":
        return "anthropic.messages"
    return "openai.chat" if provider in OPENAI_COMPATIBLE else "generic"


def _normalise(params: dict[str, Any], api: str) -> None:
    params["messages"] = [_message(message) for message in params["messages"]]
    if api == "anthropic.messages" and type(params.get("system")) is list:
        params["system"] = _content(params["system"])
    if type(params.get("tools")) is list:
        params["tools"] = [_unmarked(tool) for tool in params["tools"]]


def _message(message: Any) -> Any:
    if type(message) is dict and type(message.get("content")) is list:
        return {**message, "content": _content(message["content"])}
    return message


def _content(parts: list[Any]) -> Any:
    kept = [_unmarked(part) for part in parts]
    if len(kept) == 1 and type(kept[0]) is dict and kept[0].keys() == {"type", "text"}:
        only = kept[0]
        if only["type"] == "text" and type(only["text"]) is str:
            return only["text"]
    return kept


def _unmarked(part: Any) -> Any:
    if type(part) is dict and "cache_control" in part:
        return {name: value for name, value in part.items() if name != "cache_control"}
    return part
