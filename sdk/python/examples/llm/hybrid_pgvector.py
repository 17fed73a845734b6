import os

import psycopg
from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.hybrid import HybridCache
from agentcache_overflow.vectors import PgVectors
from openai import OpenAI

openai = OpenAI()


def embed(text):
    return openai.embeddings.create(model="text-embedding-3-small", input=text).data[0].embedding


with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
    connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS questions"
        " (id text PRIMARY KEY, embedding vector(1536), payload jsonb)"
    )
    connection.execute(
        "CREATE INDEX IF NOT EXISTS questions_by_meaning"
        " ON questions USING hnsw (embedding vector_cosine_ops)"
    )
    cache = HybridCache(AgentCacheOverflow(), PgVectors(connection, "questions"), embed=embed)

    cache.set("How do I reset my PIN?", {"text": "In the app, under Cards."})
    cache.flush()
    print(cache.get("How do I reset my PIN?").answered_by)
    cache.close()
