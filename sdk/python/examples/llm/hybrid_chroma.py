import chromadb
from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.hybrid import HybridCache
from agentcache_overflow.vectors import ChromaVectors
from openai import OpenAI

openai = OpenAI()


def embed(text):
    return openai.embeddings.create(model="text-embedding-3-small", input=text).data[0].embedding


def llm(prompt):
    answer = openai.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": prompt}]
    )
    return answer.choices[0].message.content


questions = chromadb.EphemeralClient().get_or_create_collection(
    "questions", configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
)
cache = HybridCache(
    AgentCacheOverflow(),
    ChromaVectors(questions),
    embed=embed,
    threshold=0.85,
    semantic_deadline_ms=5_000,
)

print(cache.ask("Where is my parcel?", llm))  # the model answers, both halves keep it
cache.flush()
print(cache.ask("Where is my parcel?", llm))  # exact
print(cache.get("Where is my parcel please?").answered_by)  # by meaning
cache.close()
