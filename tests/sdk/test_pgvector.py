"""The SDK's adapter for PostgreSQL with pgvector, in this run's PostgreSQL."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import psycopg_pool
import pytest

from tests.cache_api.provider import Provider

SDK = Path(__file__).resolve().parents[2] / "sdk" / "python"


@pytest.fixture
def adapter(monkeypatch):
    """The class, from the SDK's own sources."""
    monkeypatch.syspath_prepend(str(SDK / "src"))
    yield __import__("agentcache_overflow.vectors.pgvector", fromlist=["PgVectors"]).PgVectors
    for name in [name for name in sys.modules if name.startswith("agentcache_overflow")]:
        del sys.modules[name]


@pytest.fixture
def url(database):
    """A database with the extension and the table that the docs show."""
    with database.psql() as boss:
        boss.execute("CREATE EXTENSION IF NOT EXISTS vector")
        boss.execute(
            "CREATE TABLE questions (id text PRIMARY KEY, embedding vector(2), payload jsonb)"
        )
        boss.execute("CREATE INDEX ON questions USING hnsw (embedding vector_cosine_ops)")
    return database.url("superuser")


@pytest.fixture(params=["connection", "pool"])
def source(request, url):
    """Both things that the adapter takes."""
    if request.param == "connection":
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection
    else:
        with psycopg_pool.ConnectionPool(url, min_size=1, open=True) as pool:
            yield pool


def test_it_behaves_as_the_other_adapters_do(adapter, source, url):
    vectors = adapter(source, "questions")
    odd = "é \"quoted' {x} \\ % %s"
    vectors.upsert("a", [1.0, 0.0], {"partition": "p", "question": "old"})
    vectors.upsert("a", [0.0, 2.0], {"partition": "p", "question": odd})
    vectors.upsert("b", [1.0, 0.0], {"partition": "p"})
    vectors.upsert("c", [1.0, 0.0], {"partition": odd})

    found = vectors.search([5.0, 1.0], 5, {"partition": "p"})

    assert [(one.id, one.payload) for one in found] == [
        ("b", {"partition": "p"}), ("a", {"partition": "p", "question": odd}),
    ]  # fmt: skip
    expected = [5 / math.sqrt(26), 1 / math.sqrt(26)]
    assert [one.similarity for one in found] == pytest.approx(expected)
    assert [one.id for one in vectors.search([1.0, 0.0], 1, {"partition": "p"})] == ["b"]
    assert [one.id for one in vectors.search([1.0, 0.0], 5, {"partition": odd})] == ["c"]
    vectors.delete("b")
    vectors.delete("b")
    with psycopg.connect(url) as other:
        assert other.execute("SELECT id FROM questions ORDER BY 1").fetchall() == [("a",), ("c",)]


def test_a_failure_leaves_the_connection_usable(adapter, source):
    vectors = adapter(source, "questions")
    with pytest.raises(psycopg.errors.DataException):
        vectors.upsert("a", [1.0, 0.0, 0.0], {})

    vectors.upsert("a", [1.0, 0.0], {"partition": "p"})
    assert len(vectors.search([1.0, 0.0], 1, {})) == 1


@pytest.mark.parametrize("name", ["questions; DROP TABLE questions", 'a"b', "", "a.b.c", "1a"])
def test_a_tables_name_is_a_plain_one(adapter, name):
    with pytest.raises(ValueError, match="table"):
        adapter(None, name)


def test_the_docs_example(database, cast, edge_door):
    provider = Provider()
    row = {"object": "embedding", "index": 0, "embedding": [0.5] * 1536}
    provider.says(json.dumps({"object": "list", "data": [row], "model": "m"}).encode())
    environ = {
        **os.environ, "PYTHONPATH": str(SDK / "src"), "DATABASE_URL": database.url("superuser"),
        "AGENTCACHE_API_KEY": cast.redis.live, "OPENAI_API_KEY": "none",
        "AGENTCACHE_BASE_URL": f"http://127.0.0.1:{edge_door.port}",
        "OPENAI_BASE_URL": f"{provider.url}/v1",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(SDK / "examples" / "llm" / "hybrid_pgvector.py")],
        env=environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    provider.close()

    assert (done.returncode, done.stdout) == (0, "exact\n"), done.stderr[-2000:]
    with database.psql() as boss:
        ((question, key),) = boss.execute(
            "SELECT payload->>'question', payload->>'key' FROM questions"
        ).fetchall()
    assert question == key == "How do I reset my PIN?"
