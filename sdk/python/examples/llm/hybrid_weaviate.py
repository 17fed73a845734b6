import os

import weaviate
from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.hybrid import HybridCache
from agentcache_overflow.vectors import WeaviateVectors
from openai import OpenAI

openai = OpenAI()


def embed(text):
    return openai.embeddings.create(model="text-embedding-3-small", input=text).data[0].embedding


with weaviate.connect_to_local(
    port=int(os.environ.get("WEAVIATE_PORT", "8080")),
    grpc_port=int(os.environ.get("WEAVIATE_GRPC_PORT", "50051")),
    skip_init_checks=True,
) as client:
    questions = client.collections.get("Questions")  # distance cosine, texts tokenized as field
    cache = HybridCache(AgentCacheOverflow(), WeaviateVectors(questions), embed=embed)

    cache.set("How do I reset my PIN?", {"text": "In the app, under Cards."})
    cache.flush()
    print(cache.get("How do I reset my PIN?").answered_by)
    cache.close()
