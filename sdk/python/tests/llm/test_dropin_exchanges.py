"""Recorded exchanges through the official clients: asked once, both answers are equal."""

import asyncio

import anthropic
import cohere
import openai
import pytest
from agentcache_overflow import AsyncAgentCacheOverflow
from agentcache_overflow.dropins import wrap

from tests.llm.exchanges import close, exchanges
from tests.llm.told import told

# What may not be cached, or is none of ours: the caller's calls are as they were, both of them.
LEFT = {
    "openai_chat-026": "cut off by a length limit",
    "openai_responses-008": "queued: no answer yet",
    "openrouter_chat-004": "its member provider routes",
    "together-007": "a text completion, which has no entry in the overflow's identities",
    "cohere_v1_chat-007": "Cohere v1 streams are no server-sent events",
    "cohere_v1_chat-008": "Cohere v1 streams are no server-sent events",
}
ERRORS = (openai.APIStatusError, anthropic.APIStatusError, cohere.core.ApiError)
ALL = exchanges()
pytestmark = [
    pytest.mark.skipif(not ALL, reason="shared data absent"),
    pytest.mark.filterwarnings("ignore:The model:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning"),
]


def is_kept(exchange):
    return exchange.status == 200 and exchange.name not in LEFT


def says(provider, exchange):
    provider.says(
        exchange.body, exchange.content_type, exchange.status, zipped=len(exchange.name) % 2
    )


@pytest.mark.parametrize("exchange", ALL, ids=lambda one: one.name)
def test_asked_once_and_equal(exchange, provider, overflow):
    ours = overflow()
    says(provider, exchange)

    client = wrap(exchange.client(provider.url), ours, provider=exchange.provider)

    def ask():
        try:
            return told(exchange, exchange.ask(client))
        except ERRORS as error:
            assert exchange.status != 200
            return type(error), error.status_code

    first = ask()
    assert ours.flush()
    second = ask()
    close(client)

    assert second == first
    assert len(provider.asked) == (1 if is_kept(exchange) else 2)
    assert "agentcache" not in str(provider.asked[0][1]).lower()


SOME = [one for one in ALL if one.stream or one.name.endswith("-002")]


@pytest.mark.parametrize("exchange", SOME, ids=lambda one: one.name)
def test_async_clients_are_asked_once_too(exchange, provider, overflow):
    says(provider, exchange)

    async def ask(client):
        try:
            answer = exchange.ask(client)
            if asyncio.iscoroutine(answer):
                answer = await answer
            if exchange.stream:
                answer = [event async for event in answer]
            return told(exchange, answer)
        except ERRORS as error:
            assert exchange.status != 200
            return type(error), error.status_code

    async def both():
        async with overflow(AsyncAgentCacheOverflow) as ours:
            client = exchange.client(provider.url, is_async=True)
            wrap(client, ours, provider=exchange.provider)
            first = await ask(client)
            assert await ours.flush()
            second = await ask(client)
            await close(client)
            return first, second

    first, second = asyncio.run(both())

    assert second == first
    assert len(provider.asked) == (1 if is_kept(exchange) else 2)
