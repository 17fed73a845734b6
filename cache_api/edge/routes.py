"""Which verb a request line means, for both of the edge's ways in."""

from cache_api.hot.verbs import VERBS, Verb

# Request lines as they come in, without a query: the protocol's shortcut.
DIRECT: dict[tuple[bytes, bytes], Verb] = {
    (verb.method.encode("ascii"), verb.path.encode("ascii")): verb
    for verb in VERBS.values()
    if not verb.path.endswith("/")
}
_BY_PATH: dict[str, dict[str, Verb]] = {}
for _verb in VERBS.values():
    _BY_PATH.setdefault(_verb.path, {})[_verb.method] = _verb


def find(path: str) -> tuple[dict[str, Verb], str]:
    """Verbs of a path by method ({} for none), and what follows a path that ends in "/"."""
    if path in _BY_PATH and not path.endswith("/"):
        return _BY_PATH[path], ""
    front, slash, tail = path.rpartition("/")
    return (_BY_PATH.get(front + slash, {}), tail) if tail else ({}, "")
