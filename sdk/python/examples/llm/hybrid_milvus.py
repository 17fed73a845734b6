from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.hybrid import HybridCache
from agentcache_overflow.vectors import MilvusVectors
from openai import OpenAI
from pymilvus import MilvusClient

openai = OpenAI()


def embed(text):
    return openai.embeddings.create(model="text-embedding-3-small", input=text).data[0].embedding


milvus = MilvusClient("questions.db")  # Milvus Lite; of a server its address
if not milvus.has_collection("questions"):
    milvus.create_collection(
        "questions",
        dimension=1536,
        metric_type="COSINE",
        id_type="string",
        max_length=64,
        auto_id=False,
    )
cache = HybridCache(AgentCacheOverflow(), MilvusVectors(milvus, "questions"), embed=embed)

cache.set("How do I reset my PIN?", {"text": "In the app, under Cards."})
cache.flush()
print(cache.get("How do I reset my PIN?").answered_by)
cache.close()
milvus.close()
