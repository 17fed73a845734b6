"""Vector databases by name, as the environment describes them: what `semantic="pinecone"` means."""

import os

from agentcache_overflow.vectors import PineconeVectors, Vectors


def vectors_named(name: str) -> Vectors:
    """The adapter of a name. Raises ValueError where it is unknown or the environment lacks it."""
    if name != "pinecone":
        raise ValueError(
            f'semantic={name!r}: only "pinecone" goes by name. Give the adapter of your client, '
            "for example QdrantVectors(client, collection)."
        )
    missing = [
        each for each in ("PINECONE_API_KEY", "PINECONE_INDEX_HOST") if each not in os.environ
    ]
    if missing:
        raise ValueError(f'semantic="pinecone" needs {" and ".join(missing)} in the environment.')
    import pinecone  # noqa: PLC0415 - the extra of whoever asks for it

    client = pinecone.Pinecone(api_key=os.environ["PINECONE_API_KEY"])
    return PineconeVectors(client.Index(host=os.environ["PINECONE_INDEX_HOST"]))
