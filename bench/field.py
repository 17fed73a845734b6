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
        """Responses of `size` bytes into each server, each asked for once; their SHA-256.

        Each size for a customer of its own: the edge's second tier forgets nothing.
        """
        responses = [bodies.response(index, size) for index in range(bodies.KEYS)]
        customer = f"{traffic.CUSTOMER}-{size}"
        for number, subject in enumerate(self.subjects):
            subject.lay_out(self.place.folder / "decks" / str(number), customer, responses)
        self.cache.execute_command("FLUSHALL", "SYNC")
        self._store(responses, customer)
        self.cache.mset({_name(index): one for index, one in enumerate(responses)})
        if self.provider is not None:
            self._prime(self.provider, responses)
        hashes = [subject.prove() for subject in self.subjects]
        return hashes[0]

    def _store(self, responses: list[bytes], customer: str) -> None:
        """Once, by one door: both read the same entries."""
        key = self.place.keys[PARTNER]
        for door in [one.server for one in self.subjects if one.name in {WHOLE, BY_KEY, DRF}][:1]:
            pairs = enumerate(responses)
            requests = [traffic.store(door.host, key, n, one, customer) for n, one in pairs]
            answers = loop.ask(door.port, requests, AT_ONCE)
            check_stored(Counter(answer.status for answer in answers), 201)

    def _prime(self, provider: upstream.Upstream, responses: list[bytes]) -> None:
        """LiteLLM asks its provider for each key once."""
        (proxy,) = [one for one in self.subjects if one.name == LITELLM]
        provider.responses, before = responses, provider.asked
        answers = loop.ask(proxy.server.port, proxy.requests, AT_ONCE)
        check_stored(Counter(answer.status for answer in answers), 200)
        if provider.asked - before != len(proxy.requests):
            raise Untrue(f"LiteLLM asked its provider {provider.asked - before} times to fill")


def missing(rows: Sequence[str]) -> str:
    """What must be installed for these rows, as a sentence; '' when nothing."""
    if "webdis" in rows and shutil.which("webdis") is None:
        return "webdis is not installed, so it has no row: apt-get install -y webdis"
    return ""


@contextmanager
def field_of(place: Place, durable: Durable, rows: Sequence[str], core: int) -> Iterator[Field]:
    """The servers of these rows (names of NAMES), running."""
    found, key = Field(place, durable), place.keys[PARTNER]
    with ExitStack() as stack:
        if {"edge", "key"} & {*rows}:
            edge = stack.enter_context(servers.edge(place, core))
            if "edge" in rows:
                found.subjects.append(_ours(WHOLE, edge, key, durable))
            if "key" in rows:
                found.subjects.append(_ours(BY_KEY, edge, key, durable, whole=False))
        if "drf" in rows:
            web = stack.enter_context(servers.web(place, core))
            found.subjects.append(_ours(DRF, web, key, durable))
        if "webdis" in rows and not missing(rows):
            found.subjects.append(_webdis(stack.enter_context(servers.webdis(place, core))))
        if "litellm" in rows:
            found.provider = stack.enter_context(upstream.upstream())
            proxy = litellm.litellm(place, core, found.provider.port)
            found.subjects.append(_litellm(stack.enter_context(proxy), found.provider))
        yield found


def _ours(name: str, server: Server, key: str, durable: Durable, *, whole: bool = True) -> Subject:
    def ask(index: int, customer: str) -> bytes:
        return traffic.lookup(server.host, key, index, customer, whole=whole)

    return Subject(name, server, ask, durable, b'"response":', '"hit":true')


def _webdis(server: Server) -> Subject:
    return Subject(
        WEBDIS, server, lambda n, customer: traffic.webdis_get(server.host, _name(n)), Unproven()
    )


def _litellm(server: Server, provider: upstream.Upstream) -> Subject:
    """It writes the completion anew: what must be the same is what the model said."""
    return Subject(
        LITELLM, server, lambda n, customer: traffic.chat(server.host, litellm.KEY, n),
        Flat(provider), b'"content":"', kept=bodies.content, least_s=4,
    )  # fmt: skip


def _name(index: int) -> str:
    return f"bench:{index:04}"
