"""One door to vector databases, whichever the caller has: see `protocol.Vectors`.

Each adapter is given the vendor's own client object; none imports a vendor's package before that.
"""

from agentcache_overflow.vectors.chroma import ChromaVectors
from agentcache_overflow.vectors.milvus import MilvusVectors
from agentcache_overflow.vectors.pgvector import PgVectors
from agentcache_overflow.vectors.pinecone import PineconeVectors
from agentcache_overflow.vectors.protocol import Match, Payload, Vectors
from agentcache_overflow.vectors.qdrant import QdrantVectors
from agentcache_overflow.vectors.weaviate import WeaviateVectors

__all__ = [
    "ChromaVectors",
    "Match",
    "MilvusVectors",
    "Payload",
    "PgVectors",
    "PineconeVectors",
    "QdrantVectors",
    "Vectors",
    "WeaviateVectors",
]
