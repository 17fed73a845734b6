"""The requests that docs/integrating.md shows are answered as it says: its own curl lines, sent."""

import re
import shlex
from urllib.parse import urlsplit

from tests.cache_api.test_stats import usage  # noqa: F401 - the numbers that the manual asks for
from tests.docs.manuals import ROOT, commands

PAGE = (ROOT / "docs" / "integrating.md").read_text()
CURLS = [
    one for one, page in commands().items()
    if page == "docs/integrating" and one.startswith("curl ")
]  # fmt: skip
SEMANTIC = "card PIN"  # needs a model: tests/cache_api/test_semantic.py
# In the manual's order: what a request is told by, its status, and the words of its answer.
ANSWERS = (
    ("redis_latency", 200, '"status":"miss"'),
    ("A fast copy", 201, '"status":"stored"'),
    ("redis_latency", 200, '"status":"hit",\n "entry"'),
    ('"text":"hello"', 201, '"status":"stored"'),
    ("cache.redis.localhost:8000", 200, '"latency":6.080'),
    ("/purge", 202, '"status":"pending"'),
)


def the(word: str) -> list[str]:
    """The words of the one request that has it."""
    (found,) = [one for one in CURLS if word in one]
    return shlex.split(found)


def send(call, words, key):
    """A curl line: to its door, with its headers and body."""
    url, *options = words[2:]
    given = {"KEY": key, "JSON": "Content-Type: application/json", "PORTAL": ""}
    headers, body = {}, b""
    for option, value in zip(options[::2], options[1::2], strict=True):
        for name, text in given.items():
            value = value.replace(f"${name}", text)
        if option == "-H":
            name, _, text = value.partition(": ")
            headers[name.lower()] = text
        else:
            assert option == "-d"
            body = value.encode()
    parts = urlsplit(url.replace("$PORTAL", "http://cache.redis.localhost:8000"))
    where = f"{parts.path}?{parts.query}".rstrip("?")
    return call(parts.hostname, "POST" if body else "GET", where, body, headers)


def members(text: str) -> set[str]:
    """The names of an object that the manual shows with gaps: those of its first level."""
    name_or_text = r'"(\w+)":|"(?:[^"\\]|\\.)*"'
    flat = re.sub(name_or_text, lambda found: found[0] if found[1] else "0", text)
    while (less := re.sub(r"[\[{][^\[\]{}]*[\]}]", "0", flat[1:-1])) != flat[1:-1]:
        flat = f"{{{less}}}"
    return set(re.findall(r'"(\w+)":', flat))


def shown(word: str) -> set[str]:
    """The names of the answer that has this word in the manual."""
    answers = re.findall(r'^\{"(?:hit|stored|purge_id|start)":.*?\}$', PAGE, re.M | re.S)
    (found,) = [one for one in answers if word in one]
    return members(found)


def test_names_are_those_of_the_first_level():
    assert members('{"a":{"b":[1,{"c":"}"}]},"d":"x\\"y:","e":{…}}') == {"a", "d", "e"}


def test_the_requests_of_the_manual_are_answered_as_it_says(edge_door, web_door, cast):
    key = cast.redis.live

    def call(host, method, path, body, headers):
        door = web_door if host.endswith(".localhost") else edge_door
        return door.call(method, path, body, headers)

    assert len(CURLS) == len({word for word, *_ in ANSWERS}) + 2  # and the semantic one, the stats
    for word, status, told in ANSWERS:
        answer = send(call, the(word), key)
        assert answer.status == status, (word, answer.body)
        assert shown(told) <= answer.json.keys() | {"entry"}, word
        for name in ("hit", "stored", "reason"):
            if f'"{name}":' in told:
                assert name in answer.json
        wanted = re.search(r'"status":"(\w+)"', told)
        assert not wanted or answer.json["status"] == wanted[1], word


def test_the_numbers_that_the_manual_shows_are_asked_for_as_it_says(usage):  # noqa: F811
    def call(host, method, path, body, headers):
        return usage.json(path, headers["authorization"].removeprefix("Bearer "), host)

    told = send(call, the("/stats?"), usage.redis.live)

    assert shown('"prompt_caching"') == told.keys() and told["totals"]["lookups"] == 20
