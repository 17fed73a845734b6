import asyncio

from agentcache_overflow import AsyncAgentCacheOverflow
from agentcache_overflow.hybrid import AsyncHybridCache
from agentcache_overflow.vectors import QdrantVectors
from openai import AsyncOpenAI
from qdrant_client import QdrantClient, models

openai = AsyncOpenAI()


async def embed(text):
    found = await openai.embeddings.create(model="text-embedding-3-small", input=text)
    return found.data[0].embedding


async def llm(prompt):
    answer = await openai.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": prompt}]
    )
    return answer.choices[0].message.content


async def main():
    qdrant = QdrantClient(":memory:")
    size = models.VectorParams(size=1536, distance=models.Distance.COSINE)
    qdrant.create_collection("questions", vectors_config=size)
    cache = AsyncHybridCache(
        AsyncAgentCacheOverflow(), QdrantVectors(qdrant, "questions"), embed=embed
    )
    for _ in range(2):
        print(await cache.ask("How do I close my account?", llm))
        await cache.flush()
    await cache.close()
    await openai.close()


asyncio.run(main())
