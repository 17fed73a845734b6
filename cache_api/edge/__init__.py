"""The hot door: a raw ASGI application without Django (`cache_api.edge.app:app`)."""
