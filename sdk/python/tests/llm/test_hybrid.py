"""Exact first, then by meaning, then the model: against the real edge and each vector database."""

import asyncio
import threading
import time

import pytest
from agentcache_overflow import AsyncAgentCacheOverflow
from agentcache_overflow.hybrid import AsyncHybridCache, HybridCache

from .conftest import embed

ASKED, SAME, OTHER = "how do i reset my pin", "how do i reset my pin please", "where is my parcel"


class Model:
    """Counts what it is asked, and answers with it."""

    def __init__(self):
        self.asked = []

    def __call__(self, prompt):
        self.asked.append(prompt)
        return {"text": f"answer {len(self.asked)}"}

    async def later(self, prompt):
        return self(prompt)


class Memory:
    """A vector database of a dictionary, for tests that are about something else."""

    def __init__(self):
        self.rows, self.searched = {}, 0

    def search(self, vector, k, where):
        from agentcache_overflow.vectors import Match

        self.searched += 1
        found = [
            Match(id, sum(a * b for a, b in zip(vector, other, strict=True)), payload)
            for id, (other, payload) in self.rows.items()
            if where.items() <= payload.items()
        ]
        return sorted(found, key=lambda one: -one.similarity)[:k]

    def upsert(self, id, vector, payload):
        self.rows[id] = (vector, dict(payload))

    def delete(self, id):
        self.rows.pop(id, None)


class Broken:
    """A vector database that cannot be reached."""

    def search(self, *_):
        raise ConnectionRefusedError("nobody there")

    upsert = delete = search


class Hanging(Broken):
    """One that never answers."""

    def __init__(self):
        self.free = threading.Event()

    def search(self, *_):
        self.free.wait(30)

    upsert = delete = search


def hybrid(overflow, vectors, **more):
    return HybridCache(overflow(), vectors, embed=embed, threshold=0.8, **more)


def test_each_database_answers_what_means_the_same(overflow, each_database):
    cache, model = hybrid(overflow, each_database, semantic_deadline_ms=5000), Model()

    first = cache.ask(ASKED, model)
    assert cache.flush(5)
    exact, near, far = cache.get(ASKED), cache.get(SAME), cache.get(OTHER)

    assert model.asked == [ASKED]
    assert (exact.response, exact.answered_by) == (first, "exact")
    assert (near.response, near.answered_by) == (first, "semantic")
    assert 0.8 <= near.similarity < 1
    assert (far.hit, far.reason) == (False, "not_near")
    assert cache.counts()["semantic_hits"] == 1


def test_requests_are_compared_by_their_last_turn_only(overflow):
    def request(question, **more):
        turns = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": question}]
        return {"provider": "openai", "model": "gpt-4o", "messages": turns, **more}

    cache, model = hybrid(overflow, Memory()), Model()
    first = cache.ask(request(ASKED), model)
    cache.flush()

    assert cache.get(request(ASKED)).answered_by == "exact"
    assert cache.get(request(SAME)).response == first
    assert not cache.get(request(SAME, temperature=0)).hit
    assert not cache.get(SAME).hit, "a text is no request"
    assert cache.get(request(ASKED, tools=[{"type": "function"}])).reason == "not_comparable"


@pytest.mark.parametrize("privacy", ["hash", "encrypt"])
def test_private_entries_are_found_by_meaning_too(overflow, privacy):
    secret = {"encryption_key": b"k" * 32} if privacy == "encrypt" else {}
    client = overflow(privacy=privacy, **secret)
    cache, model = HybridCache(client, Memory(), embed=embed, threshold=0.8), Model()
    request = {"provider": "openai", "model": "m", "messages": [{"role": "user", "content": ASKED}]}
    near = {**request, "messages": [{"role": "user", "content": SAME}]}

    for prompt, other in ((ASKED, SAME), (request, near)):
        first = cache.ask(prompt, model)
        cache.flush()
        assert cache.get(prompt).answered_by == "exact"
        assert cache.get(other).response == first


def test_facts_must_agree(overflow):
    cache = hybrid(overflow, Memory())
    cache.set("how many people lived there in 2023", {"text": "7"})
    cache.flush()

    assert not cache.get("how many people lived there in 2024").hit
    assert cache.counts()["semantic_guarded"] == 1
    assert hybrid(overflow, Memory(), accept=lambda asked, stored: True) is not None


def test_customers_namespaces_and_embedders_are_apart(overflow):
    shared = Memory()
    base = {"namespace": "n1"}
    first = HybridCache(overflow(**base), shared, embed=embed, threshold=0.8)
    first.set(ASKED, {"text": "a"})
    first.flush()

    assert first.get(SAME).hit
    for options, more in (
        ({"namespace": "n2"}, {}),
        ({**base, "customer_id": None}, {}),
        (base, {"embedder": "another model"}),
    ):
        other = HybridCache(overflow(**options), shared, embed=embed, threshold=0.8, **more)
        assert not other.get(SAME).hit


def test_what_was_purged_is_no_semantic_hit_and_is_forgotten(overflow, monkeypatch):
    vectors = Memory()
    cache = hybrid(overflow, vectors)
    cache.set(ASKED, {"text": "a"})
    cache.flush()
    assert cache.get(SAME).hit

    assert cache.exact.client.delete(key=ASKED)
    assert cache.get(SAME).reason == "gone"
    assert vectors.rows, "its answer may only be on its way"
    monkeypatch.setattr("agentcache_overflow.hybrid.semantic.SETTLING_S", -1)
    assert not cache.get(SAME).hit
    cache.flush()
    assert not vectors.rows


@pytest.mark.parametrize("kind", [Broken, Hanging])
def test_a_vector_database_that_fails_never_breaks_the_caller(overflow, kind, caplog):
    vectors = kind()
    cache, model = hybrid(overflow, vectors, semantic_deadline_ms=50), Model()

    for number in range(8):
        assert cache.ask(f"question {number}", model) == {"text": f"answer {number + 1}"}
    began = time.monotonic()
    for number in range(8):
        assert cache.ask(f"question {number}", model) == {"text": f"answer {number + 1}"}

    assert len(model.asked) == 8, "the exact half goes on"
    assert cache.get("another").reason in ("breaker_open", "unavailable")
    assert cache.counts()["semantic_failures"] >= 5
    assert "question" not in caplog.text
    assert time.monotonic() - began < 20
    if kind is Hanging:
        vectors.free.set()


def test_an_embedding_that_fails_is_a_miss(overflow):
    cache = HybridCache(overflow(), Memory(), embed=lambda text: [0.0], threshold=0.8)
    model = Model()

    assert cache.ask(ASKED, model) == {"text": "answer 1"}
    cache.flush()
    assert cache.ask(ASKED, model) == {"text": "answer 1"}
    assert cache.get(SAME).reason == "unavailable"


def test_the_overflow_is_away_and_the_models_error_is_the_callers(overflow):
    cache, model = hybrid(overflow_at(overflow), Memory()), Model()

    assert [cache.ask(ASKED, model) for _ in range(2)] == [
        {"text": "answer 1"},
        {"text": "answer 2"},
    ]
    with pytest.raises(ZeroDivisionError):
        cache.ask(ASKED, lambda prompt: 1 / 0)


def overflow_at(overflow):
    return lambda: overflow(base_url="http://127.0.0.1:9", store_items=0)


def test_an_answer_that_is_no_json_goes_to_its_caller_and_nowhere_else(overflow):
    vectors = Memory()
    cache = hybrid(overflow, vectors)
    odd = object()

    assert cache.ask(ASKED, lambda prompt: odd) is odd
    cache.flush()
    assert not vectors.rows


@pytest.mark.parametrize(
    "payload",
    [{}, {"key": "k"}, {"key": "k", "question": None}, {"question": SAME, "key": 7}, None],
)
def test_what_others_put_into_the_collection_is_no_answer(overflow, payload):
    class Foreign(Memory):
        def search(self, vector, k, where):
            from agentcache_overflow.vectors import Match

            return [Match("id", 0.99, payload)]

    cache, model = hybrid(overflow, Foreign()), Model()

    assert not cache.get(SAME).hit
    assert cache.ask(SAME, model) == {"text": "answer 1"}


def test_an_accept_that_fails_is_a_miss(overflow):
    cache = hybrid(overflow, Memory(), accept=lambda asked, stored: 1 / 0)
    cache.set(ASKED, {"text": "a"})
    cache.flush()

    assert not cache.get(SAME).hit
    assert cache.counts()["semantic_failures"] == 1


def test_without_a_semantic_half_it_is_an_exact_cache(overflow):
    cache, model = HybridCache(overflow()), Model()

    assert cache.ask(ASKED, model) == cache.ask(ASKED, model)
    assert len(model.asked) == 1
    assert cache.get(SAME).reason == "not_found"


def test_the_briefs_two_halves(overflow):
    cache, model = hybrid(overflow, Memory()), Model()
    assert not cache.exact.get(ASKED).hit
    assert not cache.semantic.search(ASKED, threshold=0.95).hit
    cache.set(ASKED, model(ASKED))
    cache.flush()

    assert cache.exact.get(ASKED).response == {"text": "answer 1"}
    assert not cache.semantic.search(SAME, threshold=0.95).hit
    assert cache.semantic.search(SAME, threshold=0.85).response == {"text": "answer 1"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"semantic": Memory()}, "embed"),
        ({"semantic": "milvus", "embed": embed}, "milvus"),
        ({"semantic": "pinecone", "embed": embed}, "PINECONE_API_KEY"),
        ({"threshold": 0}, "threshold"),
        ({"exact": "redis"}, "agentcache"),
        ({}, "api_key"),
    ],
)
def test_what_makes_no_sense_is_said_at_once(given, says, monkeypatch):
    monkeypatch.delenv("PINECONE_API_KEY", raising=False)
    with pytest.raises((ValueError, TypeError), match=says):
        HybridCache(**given)


class AsyncMemory(Memory):
    """The same with coroutines, as asynchronous clients have."""

    async def search(self, *given):
        return Memory.search(self, *given)

    async def upsert(self, *given):
        Memory.upsert(self, *given)

    async def delete(self, *given):
        Memory.delete(self, *given)


async def embed_later(text):
    return embed(text)


@pytest.mark.parametrize("vectors", [Memory, AsyncMemory])
@pytest.mark.parametrize("how", [embed, embed_later])
def test_async(overflow, vectors, how):
    async def run():
        client = overflow(AsyncAgentCacheOverflow)
        cache, model = AsyncHybridCache(client, vectors(), embed=how, threshold=0.8), Model()
        first = await cache.ask(ASKED, model.later)
        assert await cache.flush(5)
        assert (await cache.get(ASKED)).answered_by == "exact"
        assert (await cache.get(SAME)).response == first
        assert (await cache.get(OTHER)).reason == "not_near"
        assert model.asked == [ASKED]
        await cache.close()

    asyncio.run(run())


@pytest.mark.parametrize("kind", [Broken, Hanging])
def test_async_with_a_database_that_fails(overflow, kind):
    vectors = kind()

    async def run():
        client = overflow(AsyncAgentCacheOverflow)
        cache = AsyncHybridCache(client, vectors, embed=embed, semantic_deadline_ms=50)
        model = Model()
        for number in range(8):
            said = await cache.ask(f"question {number}", model.later)
            assert said == {"text": f"answer {number + 1}"}
        await cache.flush(2)
        assert cache.counts()["semantic_failures"] >= 5
        if kind is Hanging:
            vectors.free.set()

    asyncio.run(run())


def test_async_cancellation_goes_through(overflow):
    vectors = Hanging()

    async def run():
        client = overflow(AsyncAgentCacheOverflow)
        cache = AsyncHybridCache(client, vectors, embed=embed, semantic_deadline_ms=20_000)
        asking = asyncio.create_task(cache.get(ASKED))
        await asyncio.sleep(0.2)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        vectors.free.set()

    asyncio.run(run())
