from agentcache_overflow.hybrid import HybridCache
from openai import OpenAI

openai = OpenAI()


def embed(text):
    return openai.embeddings.create(model="text-embedding-3-small", input=text).data[0].embedding


# PINECONE_API_KEY and PINECONE_INDEX_HOST; or PineconeVectors(index, namespace="…")
cache = HybridCache(exact="agentcache", semantic="pinecone", embed=embed, threshold=0.95)

cache.set("How do I reset my PIN?", {"text": "In the app, under Cards."})
cache.flush()
print(cache.exact.get("How do I reset my PIN?").response)
print(cache.semantic.search("How do I reset my PIN?", threshold=0.9).response)
cache.close()
