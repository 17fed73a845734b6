"""The servers of all rows, running side by side, and the same responses in each of them."""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import redis

from bench import bodies, litellm, loop, servers, traffic, upstream
from bench.checks import Untrue, check_stored
from bench.durable import Durable
from bench.place import Place
from bench.proofs import Flat, Unproven
from bench.servers import Server
from bench.subject import AT_ONCE, Subject

WHOLE, BY_KEY, DRF = "edge", "edge, cache_key only", "DRF door"
WEBDIS, LITELLM = "webdis, one GET", "LiteLLM, Redis cache"
NAMES = {"edge": WHOLE, "key": BY_KEY, "drf": DRF, "webdis": WEBDIS, "litellm": LITELLM}
PARTNER = "redis-labs"


class Field:
    """The running servers, and how each gets the same responses."""

    def __init__(self, place: Place, durable: Durable) -> None:
        self.place, self.durable = place, durable
        self.cache = redis.Redis.from_url(place.stack.urls["CACHE_URL"])
        self.provider: upstream.Upstream | None = None
        self.subjects: list[Subject] = []

    def fill(self, size: int) -> str:
        """Responses of `size` bytes into each server, each asked for once; their SHA-256."""
        responses = [bodies.response(index, size) for index in range(bodies.KEYS)]
        self.cache.execute_command("FLUSHALL", "SYNC")
        self._store(responses)
        self.cache.mset({_name(index): one for index, one in enumerate(responses)})
        if self.provider is not None:
            self.provider.responses = responses
            self._prime()
        digest = ""
        for number, subject in enumerate(self.subjects):
            is_rewritten = subject.name == LITELLM
            values = [bodies.content(one) for one in responses] if is_rewritten else responses
            folder = self.place.folder / "decks" / str(number)
            found = subject.prepare(folder, values)
            digest = digest or found
        return digest

    def _store(self, responses: list[bytes]) -> None:
        ours = next(one for one in self.subjects if one.name in {WHOLE, BY_KEY, DRF})
        key, host = self.place.keys[PARTNER], ours.server.host
        requests = [traffic.store(host, key, n, one) for n, one in enumerate(responses)]
        answers = loop.ask(ours.server.port, requests, AT_ONCE)
        check_stored(Counter(answer.status for answer in answers), 201)

    def _prime(self) -> None:
        """LiteLLM asks its provider for each key once."""
        (proxy,) = [one for one in self.subjects if one.name == LITELLM]
        assert self.provider is not None
        before = self.provider.asked
        answers = loop.ask(proxy.server.port, proxy.requests, AT_ONCE)
        check_stored(Counter(answer.status for answer in answers), 200)
        if self.provider.asked - before != len(proxy.requests):
            raise Untrue(f"LiteLLM asked its provider {self.provider.asked - before} times to fill")


def missing(rows: Sequence[str]) -> str:
    """What must be installed for these rows, as a sentence; '' when nothing."""
    if "webdis" in rows and shutil.which("webdis") is None:
        return "webdis is not installed, so it has no row: apt-get install -y webdis"
    return ""


@contextmanager
def field_of(place: Place, durable: Durable, rows: Sequence[str], core: int) -> Iterator[Field]:
    """The servers of these rows (names of NAMES), running."""
    found, key = Field(place, durable), place.keys[PARTNER]
    everyone = range(bodies.KEYS)
    with ExitStack() as stack:
        if {"edge", "key"} & {*rows}:
            edge = stack.enter_context(servers.edge(place, core))
            for name in [name for name in ("edge", "key") if name in rows]:
                asked = [traffic.lookup(edge.host, key, n, whole=name == "edge") for n in everyone]
                found.subjects.append(_ours(NAMES[name], edge, asked, durable))
        if "drf" in rows:
            web = stack.enter_context(servers.web(place, core))
            asked = [traffic.lookup(web.host, key, n) for n in everyone]
            found.subjects.append(_ours(DRF, web, asked, durable))
        if "webdis" in rows and not missing(rows):
            one = stack.enter_context(servers.webdis(place, core))
            asked = [traffic.webdis_get(one.host, _name(n)) for n in everyone]
            found.subjects.append(Subject(WEBDIS, one, asked, Unproven()))
        if "litellm" in rows:
            found.provider = stack.enter_context(upstream.upstream())
            one = stack.enter_context(litellm.litellm(place, core, found.provider.port))
            asked = [traffic.chat(one.host, litellm.KEY, n) for n in everyone]
            proof = Flat(found.provider)
            found.subjects.append(Subject(LITELLM, one, asked, proof, b'"content":"'))
        yield found


def _ours(name: str, server: Server, requests: list[bytes], durable: Durable) -> Subject:
    return Subject(name, server, requests, durable, b'"response":', '"hit":true')


def _name(index: int) -> str:
    return f"bench:{index:04}"
