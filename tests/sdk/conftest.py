"""The edge and its cast, as the cache storey's tests have them."""

from tests.cache_api.conftest import cast, edge_door, valkeys

__all__ = ["cast", "edge_door", "valkeys"]
