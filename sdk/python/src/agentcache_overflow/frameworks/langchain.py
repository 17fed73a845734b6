"""LangChain: `set_llm_cache(LangChainCache(overflow))`. Needs `langchain-core`.

LangChain names a call by two texts, the prompt and the model's configuration; both are the
request's identity here, with the provider and model read out of the second so that what a hit
saved can be priced.
"""

import ast
import json
from collections.abc import Sequence
from typing import Any

from langchain_core.caches import BaseCache
from langchain_core.messages import message_to_dict, messages_from_dict
from langchain_core.outputs import ChatGeneration, Generation

TAG = "langchain"
# How a model's class or type is called → the provider in the request's identity.
_PROVIDERS = {
    "openai": "openai", "azure": "azure_openai", "anthropic": "anthropic", "cohere": "cohere",
    "together": "together", "mistral": "mistral", "groq": "groq", "deepseek": "deepseek",
    "fireworks": "fireworks", "google": "google", "bedrock": "aws", "xai": "x-ai",
}  # fmt: skip
_FINISHED = frozenset({"stop", "end_turn", "stop_sequence", "tool_calls", "tool_use", "complete"})


class LangChainCache(BaseCache):
    """`client`: an overflow client. `async_client`: for `ainvoke`, without a thread."""

    def __init__(self, client: Any, async_client: Any = None) -> None:
        self._client, self._async = client, async_client

    def lookup(self, prompt: str, llm_string: str) -> list[Generation] | None:
        """The generations of this very call, or None."""
        return _generations(self._client.get(request=request_of(prompt, llm_string)))

    def update(self, prompt: str, llm_string: str, return_val: Sequence[Generation]) -> None:
        """Store what the model said, if it said it to the end."""
        stored = _stored(return_val)
        if stored is not None:
            self._client.put(request=request_of(prompt, llm_string), tags=[TAG], **stored)

    def clear(self, **kwargs: Any) -> None:
        """Purge what was stored by LangChain under this client's key."""
        self._client.purge(tags=[TAG])

    async def alookup(self, prompt: str, llm_string: str) -> list[Generation] | None:
        """The same, without blocking the loop."""
        if self._async is None:
            found: list[Generation] | None = await super().alookup(prompt, llm_string)
            return found
        return _generations(await self._async.get(request=request_of(prompt, llm_string)))

    async def aupdate(self, prompt: str, llm_string: str, return_val: Sequence[Generation]) -> None:
        """The same, without blocking the loop."""
        stored = _stored(return_val)
        if stored is None:
            return
        if self._async is None:
            await super().aupdate(prompt, llm_string, return_val)
        else:
            self._async.put(request=request_of(prompt, llm_string), tags=[TAG], **stored)

    async def aclear(self, **kwargs: Any) -> None:
        """The same, without blocking the loop."""
        if self._async is None:
            await super().aclear(**kwargs)
        else:
            await self._async.purge(tags=[TAG])


def request_of(prompt: str, llm_string: str) -> dict[str, Any]:
    """A call's identity: every character of both texts counts."""
    provider, model = _model_of(llm_string)
    return {
        "provider": provider, "model": model, "langchain": {"prompt": prompt, "llm": llm_string}
    }  # fmt: skip


def _model_of(llm_string: str) -> tuple[str, str]:
    kind, settings = "", {}
    try:
        if llm_string.startswith("{"):
            described = json.loads(llm_string.rpartition("---")[0])
            kind, settings = " ".join(described["id"][1:]), described["kwargs"]
        else:
            settings = dict(ast.literal_eval(llm_string))
            kind = str(settings.get("_type"))
    except (ValueError, TypeError, KeyError, SyntaxError, RecursionError, MemoryError):
        settings = {}
    model = settings.get("model_name") or settings.get("model") or settings.get("model_id")
    provider = next((known for word, known in _PROVIDERS.items() if word in kind.lower()), TAG)
    return provider, model[:200] if type(model) is str else "unknown"


def _stored(generations: Sequence[Generation]) -> dict[str, Any] | None:
    if not generations or not all(map(_is_finished, generations)):
        return None
    stored: dict[str, Any] = {"response": {"generations": [_told(each) for each in generations]}}
    usage = _usage(generations[0])
    return {**stored, "usage": usage} if usage else stored


def _told(generation: Generation) -> dict[str, Any]:
    told: dict[str, Any] = {"text": generation.text, "generation_info": generation.generation_info}
    if isinstance(generation, ChatGeneration):
        told["message"] = message_to_dict(generation.message)
    return told


def _heard(told: dict[str, Any]) -> Generation:
    info = told["generation_info"]
    if "message" in told:
        (message,) = messages_from_dict([told["message"]])
        return ChatGeneration(message=message, generation_info=info)
    return Generation(text=told["text"], generation_info=info)


def _is_finished(generation: Generation) -> bool:
    told = dict(generation.generation_info or {})
    if isinstance(generation, ChatGeneration):
        told |= generation.message.response_metadata
    why = told.get("finish_reason") or told.get("stop_reason")
    return why is None or str(why).lower() in _FINISHED


def _usage(generation: Generation) -> dict[str, Any] | None:
    """LangChain's counts, in the spelling of OpenAI's responses: cached tokens are part of all."""
    counts = getattr(getattr(generation, "message", None), "usage_metadata", None)
    if not counts:
        return None
    cached = (counts.get("input_token_details") or {}).get("cache_read", 0)
    return {
        "input_tokens": counts["input_tokens"],
        "output_tokens": counts["output_tokens"],
        "input_tokens_details": {"cached_tokens": cached},
    }


def _generations(answer: Any) -> list[Generation] | None:
    if not answer.hit or type(answer.response) is not dict:
        return None
    try:
        return [_heard(each) for each in answer.response["generations"]] or None
    except (ValueError, TypeError, KeyError):
        return None  # garbage is a miss
