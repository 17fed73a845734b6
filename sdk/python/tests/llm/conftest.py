"""Fixtures of what stands around models: a provider, vector databases, an embedding."""

import atexit
import contextlib
import functools
import itertools
import math
import re
import shutil
import tempfile

import pytest

from tests.llm.provider import Provider

_numbers = itertools.count()


@pytest.fixture(scope="session")
def provider():
    """A provider on this machine."""
    made = Provider()
    yield made
    made.close()


@contextlib.contextmanager
def chroma(space, tmp_path):
    chromadb = pytest.importorskip("chromadb", reason="chromadb is not installed")
    from agentcache_overflow.vectors import ChromaVectors

    client = chromadb.EphemeralClient(chromadb.Settings(anonymized_telemetry=False))
    yield ChromaVectors(
        client.create_collection(
            f"questions-{next(_numbers)}",
            configuration={"hnsw": {"space": space}},
            embedding_function=None,
        )
    )


@functools.cache
def milvus_lite():
    """One Milvus Lite for the whole run: its start is half a second."""
    pymilvus = pytest.importorskip("pymilvus", reason="pymilvus is not installed")
    folder = tempfile.mkdtemp(prefix="milvus-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    client = pymilvus.MilvusClient(f"{folder}/milvus.db")
    atexit.register(client.close)
    return client


@contextlib.contextmanager
def milvus(metric, tmp_path):
    from agentcache_overflow.vectors import MilvusVectors

    client, name = milvus_lite(), f"questions_{next(_numbers)}"
    client.create_collection(
        name, dimension=DIMENSION, metric_type=metric,
        id_type="string", max_length=64, auto_id=False,
    )  # fmt: skip
    yield MilvusVectors(client, name)
    client.drop_collection(name)


@contextlib.contextmanager
def qdrant(distance, tmp_path):
    qdrant_client = pytest.importorskip("qdrant_client", reason="qdrant-client is not installed")
    from agentcache_overflow.vectors import QdrantVectors

    client = qdrant_client.QdrantClient(":memory:")
    sizes = qdrant_client.models.VectorParams(size=DIMENSION, distance=distance)
    client.create_collection("questions", vectors_config=sizes)
    yield QdrantVectors(client, "questions")
    client.close()


@contextlib.contextmanager
def pinecone(_, tmp_path):
    import pinecone
    from agentcache_overflow.vectors import PineconeVectors

    from tests.llm.vector_servers import Pinecone

    server = Pinecone()
    with pinecone.Pinecone(api_key="none").Index(host=server.host) as index:
        yield PineconeVectors(index, namespace="questions")
    server.close()


@contextlib.contextmanager
def weaviate(_, tmp_path):
    import weaviate
    from agentcache_overflow.vectors import WeaviateVectors

    from tests.llm.vector_servers import Weaviate

    server = Weaviate()
    with weaviate.connect_to_local(
        "127.0.0.1", port=server.port, grpc_port=server.grpc_port, skip_init_checks=True
    ) as client:
        yield WeaviateVectors(client.collections.get("Questions"))
    server.close()


DIMENSION = 64
DATABASES = {
    "chroma-cosine": (chroma, "cosine"), "chroma-l2": (chroma, "l2"), "chroma-ip": (chroma, "ip"),
    "milvus-cosine": (milvus, "COSINE"), "milvus-l2": (milvus, "L2"), "milvus-ip": (milvus, "IP"),
    "qdrant-cosine": (qdrant, "Cosine"), "qdrant-dot": (qdrant, "Dot"),
    "pinecone": (pinecone, ""), "weaviate": (weaviate, ""),
}  # fmt: skip
MAIN = ("chroma-cosine", "milvus-cosine", "qdrant-cosine", "pinecone", "weaviate")


@pytest.fixture(params=DATABASES)
def vectors(request, tmp_path):
    """Each vector database in each metric, empty."""
    make, metric = DATABASES[request.param]
    with make(metric, tmp_path) as made:
        yield made


@pytest.fixture(params=MAIN)
def each_database(request, tmp_path):
    """Each vector database once, empty."""
    make, metric = DATABASES[request.param]
    with make(metric, tmp_path) as made:
        yield made


def embed(text):
    """Words, each in a direction of its own: what has the same words is near."""
    vector = [0.0] * DIMENSION
    for word in re.findall(r"\w+", text.lower()):
        for place in range(3):
            vector[hash_of(word, place) % DIMENSION] += 1.0
    length = math.hypot(*vector)
    return [each / length for each in vector]


def hash_of(word, place):
    """A number that is the same in every process."""
    number = place + 1
    for letter in word:
        number = (number * 1_000_003 + ord(letter)) % 2**61
    return number
