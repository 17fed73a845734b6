from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.hybrid import HybridCache
from agentcache_overflow.vectors import QdrantVectors
from openai import OpenAI
from qdrant_client import QdrantClient, models

openai = OpenAI()


def embed(text):
    return openai.embeddings.create(model="text-embedding-3-small", input=text).data[0].embedding


qdrant = QdrantClient(":memory:")  # of a server its address
qdrant.create_collection(
    "questions",
    vectors_config=models.VectorParams(size=1536, distance=models.Distance.COSINE),
)
cache = HybridCache(AgentCacheOverflow(), QdrantVectors(qdrant, "questions"), embed=embed)

cache.set("How do I reset my PIN?", {"text": "In the app, under Cards."})
cache.flush()
print(cache.get("How do I reset my PIN?").answered_by)
cache.close()
qdrant.close()
