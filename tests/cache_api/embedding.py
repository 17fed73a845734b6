"""The packaged embedding model, loaded once by a worker: each load takes half a second."""

from functools import cache

import pytest

from cache_api.gateways import embedder

load = cache(embedder.load)


def model() -> embedder.Embedder:
    """The default one, or a skip where its packages are absent."""
    try:
        return load(embedder.DEFAULT)
    except embedder.NoEmbedder as error:
        pytest.skip(f"semantic extra absent: {error}")
