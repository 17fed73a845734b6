"""LangChain, LlamaIndex and LiteLLM with the overflow as their cache; OpenTelemetry's spans."""

import asyncio
import os
import subprocess
from pathlib import Path

import pytest
from agentcache_overflow import AsyncAgentCacheOverflow
from agentcache_overflow.answer import Answer

HERE = Path(__file__).parent


# ---- LangChain


@pytest.fixture
def langchain(overflow):
    """Its global cache is ours for one test; what to make models with."""
    pytest.importorskip("langchain_core", reason="langchain-core is not installed")
    from agentcache_overflow.frameworks.langchain import LangChainCache
    from langchain_core.globals import set_llm_cache

    ours = overflow(l1_bytes=0)
    set_llm_cache(LangChainCache(ours, overflow(AsyncAgentCacheOverflow, **_like(ours))))
    yield ours
    set_llm_cache(None)


def _like(client):
    return {"namespace": client.options.namespace, "l1_bytes": 0}


def _chat(*answers):
    from langchain_core.language_models.fake_chat_models import FakeListChatModel

    return FakeListChatModel(responses=list(answers))


def test_a_chat_model_is_asked_once(langchain):
    model = _chat("a fast copy", "asked again")

    first = model.invoke("What is a cache?")
    langchain.flush()
    second = model.invoke("What is a cache?")
    other = model.invoke("What is a queue?")

    assert first.content == second.content == "a fast copy"
    assert type(first) is type(second)
    assert other.content == "asked again"
    assert langchain.counts()["overflow_hits"] == 1


def test_a_models_configuration_counts(langchain):
    first = _chat("one").invoke("hi")
    langchain.flush()

    assert _chat("two").invoke("hi").content == "two" != first.content
    assert _chat("one").invoke("hi", stop=["x"]).content == "one"
    assert langchain.counts()["overflow_hits"] == 0


def test_completions_tool_calls_and_usage_come_back_whole(langchain):
    from agentcache_overflow.frameworks.langchain import LangChainCache
    from langchain_core.messages import AIMessage
    from langchain_core.outputs import ChatGeneration, Generation

    cache = LangChainCache(langchain)
    message = AIMessage(
        content=[{"type": "text", "text": "é"}],
        tool_calls=[{"name": "f", "args": {"x": [1, None]}, "id": "1", "type": "tool_call"}],
        usage_metadata={"input_tokens": 9, "output_tokens": 4, "total_tokens": 13},
        response_metadata={"finish_reason": "tool_calls", "model_name": "gpt-4o"},
    )
    for number, said in enumerate(
        [
            [ChatGeneration(message=message), ChatGeneration(message=AIMessage("b"))],
            [Generation(text="plain", generation_info={"finish_reason": "stop"})],
        ]
    ):
        cache.update(f"prompt {number}", "llm", said)
        langchain.flush()
        assert cache.lookup(f"prompt {number}", "llm") == said


@pytest.mark.parametrize("why", ["length", "content_filter", "max_tokens"])
def test_what_was_cut_off_is_not_stored(langchain, why):
    from agentcache_overflow.frameworks.langchain import LangChainCache
    from langchain_core.outputs import Generation

    cache = LangChainCache(langchain)
    cache.update("p", "llm", [Generation(text="a", generation_info={"finish_reason": why})])
    langchain.flush()

    assert cache.lookup("p", "llm") is None


def test_clear_takes_what_langchain_stored(langchain):
    from agentcache_overflow.frameworks.langchain import LangChainCache

    langchain.put(key="mine", response={"a": 1})
    model = _chat("one", "two")
    model.invoke("hi")
    langchain.flush()
    LangChainCache(langchain).clear()

    assert model.invoke("hi").content == "two"
    assert langchain.get(key="mine").hit


def test_langchain_async(langchain):
    async def run():
        model = _chat("one", "two")
        return [(await model.ainvoke("hi")).content for _ in range(2)]  # stored, or on its way

    assert asyncio.run(run()) == ["one", "one"]


@pytest.mark.parametrize(
    ("llm", "provider", "model"),
    [
        ('{"id":["langchain","chat_models","openai","ChatOpenAI"],"kwargs":{"model_name":"gpt-4o"}}'
         "---[('stop', None)]", "openai", "gpt-4o"),
        ("[('_type', 'anthropic-chat'), ('model', 'claude-sonnet-4-5')]", "anthropic",
         "claude-sonnet-4-5"),
        ("[('_type', 'fake')]", "langchain", "unknown"),
        ("no such text", "langchain", "unknown"), ("", "langchain", "unknown"),
        ("{---", "langchain", "unknown"), ("(" * 500, "langchain", "unknown"),
        ("[('_type', 'openai-chat'), ('model', 7)]", "openai", "unknown"),
    ],
)  # fmt: skip
def test_provider_and_model_are_read_where_they_are_told(llm, provider, model):
    pytest.importorskip("langchain_core", reason="langchain-core is not installed")
    from agentcache_overflow.frameworks.langchain import request_of

    request = request_of("p", llm)
    assert (request["provider"], request["model"]) == (provider, model)
    assert request["langchain"] == {"prompt": "p", "llm": llm}


@pytest.mark.parametrize(
    "said",
    [
        None, 7, {}, {"generations": [{}]}, {"generations": "x"},
        {"generations": [{"generation_info": None, "message": {}}]},
    ],
)  # fmt: skip
def test_garbage_is_a_miss(said):
    pytest.importorskip("langchain_core", reason="langchain-core is not installed")
    from agentcache_overflow.frameworks.langchain import LangChainCache

    class Liar:
        def get(self, request):
            return Answer(hit=True, response=said)

    assert LangChainCache(Liar()).lookup("p", "llm") is None


# ---- LlamaIndex


def test_an_ingestion_cache_of_llamaindex(overflow):
    pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
    from agentcache_overflow.frameworks.llamaindex import LlamaIndexStore
    from llama_index.core.ingestion import IngestionCache
    from llama_index.core.schema import TextNode

    ours = overflow()
    cache = IngestionCache(cache=LlamaIndexStore(ours), collection="docs")
    node = TextNode(text="é", id_="1")

    assert cache.get("k") is None
    cache.put("k", [node])
    ours.flush()
    assert cache.get("k") == [node]
    assert cache.get("k", collection="others") is None
    cache.clear()
    assert LlamaIndexStore(ours).delete("k", "docs")
    assert cache.get("k") is None


def test_llamaindex_async(overflow):
    pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
    from agentcache_overflow.frameworks.llamaindex import LlamaIndexStore

    async def run(store, flush):
        await store.aput("k", {"a": 1})
        await flush()
        found = await store.aget("k")
        assert await store.adelete("k")
        return found, await store.aget("k"), await store.aget_all()

    ours, later = overflow(), overflow(AsyncAgentCacheOverflow)
    assert asyncio.run(run(LlamaIndexStore(ours, later), later.flush)) == ({"a": 1}, None, {})
    flush = lambda: asyncio.to_thread(ours.flush)  # noqa: E731
    assert asyncio.run(run(LlamaIndexStore(ours), flush)) == ({"a": 1}, None, {})


# ---- LiteLLM: its verbs without it; with it in an environment of its own


def test_litellms_verbs(overflow):
    from agentcache_overflow.frameworks.litellm import LiteLLMCache

    ours = overflow()
    cache = LiteLLMCache(ours)
    value = {"timestamp": 1.5, "response": '{"id":"x"}'}

    assert cache.get_cache("k", messages=[]) is None
    cache.set_cache("k", value, ttl=60, model="gpt-4o")
    ours.flush()
    assert cache.get_cache("k") == value

    async def run():
        await cache.async_set_cache_pipeline([("a", 1), ("b", 2)], ttl=60)
        await cache.batch_cache_write("c", 3)
        await asyncio.to_thread(ours.flush)
        assert await cache.ping()
        await cache.delete_cache_keys(["b"])
        found = [await cache.async_get_cache(key) for key in "abc"]
        await cache.disconnect()
        return found

    assert asyncio.run(run()) == [1, None, 3]


def test_litellm_itself(served, provider):
    python = os.environ.get("AGENTCACHE_LITELLM_PYTHON")
    if not python:
        pytest.skip("no Python with LiteLLM is named")
    provider.says(
        '{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,'
        '"finish_reason":"stop","message":{"role":"assistant","content":"A fast copy."}}],'
        '"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}'
    )
    environ = {
        "PYTHONPATH": str(HERE.parents[1] / "src"), "AGENTCACHE_API_KEY": served["key"],
        "AGENTCACHE_BASE_URL": served["edge"], "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": f"{provider.url}/v1", "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "PATH": os.environ["PATH"],
    }  # fmt: skip
    example = HERE.parents[1] / "examples" / "llm" / "litellm_cache.py"
    done = subprocess.run(
        [python, str(example)], env=environ, capture_output=True, text=True, timeout=120
    )

    assert done.stdout.splitlines()[-2:] == ["A fast copy."] * 2, done.stderr[-2000:]
    assert len(provider.asked) == 1


# ---- OpenTelemetry


def test_a_span_is_told_and_without_one_nothing_is(overflow):
    pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, tracing = InMemorySpanExporter(), TracerProvider()
    tracing.add_span_processor(SimpleSpanProcessor(exporter))
    ours = overflow(l1_bytes=0)
    request = {"provider": "openai", "model": "gpt-4o", "messages": [
        {"role": "user", "content": "secret words"}]}  # fmt: skip

    assert not ours.get(request=request).hit  # outside any span
    with tracing.get_tracer("t").start_as_current_span("store"):
        ours.put(request=request, response={"text": "secret answer"})
    ours.flush()
    with tracing.get_tracer("t").start_as_current_span("hit"):
        assert ours.get(request=request).hit
    with tracing.get_tracer("t").start_as_current_span("miss"):
        ours.get(key="secret key")

    told = {one.name: dict(one.attributes) for one in exporter.get_finished_spans()}
    assert told["store"] == {
        "agentcache.stored": True, "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
    }  # fmt: skip
    assert told["hit"]["agentcache.hit"] is True
    assert told["hit"]["agentcache.answered_by"] == "overflow"
    assert told["hit"]["agentcache.latency_ms"] > 0
    assert told["miss"] | {"agentcache.latency_ms": 0} == {
        "agentcache.hit": False, "agentcache.answered_by": "nobody", "agentcache.status": "miss",
        "agentcache.reason": "not_found", "agentcache.latency_ms": 0,
    }  # fmt: skip
    assert "secret" not in str(told)
