"""What a purge is to find: its body's selectors, read and bounded. Raises Problem."""

from dataclasses import dataclass, field
from typing import Any

from cache_api.hot import admit, members
from cache_api.hot.admit import Caller
from cache_api.hot.keyring import Scope
from cache_api.hot.problems import Problem
from cache_api.hot.steps import Asked
from cache_api.rules import purging

MAX_KEYS = 100
_BY_KEY = ("cache_key", "cache_keys", "original_request")
_BY_WORD = {"model": 200, "provider": members.MAX_LABEL, "namespace": members.MAX_NAMESPACE,
            "customer_id": members.MAX_CUSTOMER}  # fmt: skip
_OTHERS = ("tag", "tags", "older_than_s", "all")
# Unknown members are refused here: a misspelt selector would purge more than was meant.
KNOWN = frozenset({*_BY_KEY, *_BY_WORD, *_OTHERS, "mode", "dry_run", "request_id", "metadata"})


@dataclass(slots=True)
class Wanted:
    """A purge as asked for. With `keys` or `original_request` it is one of single entries.

    Different selectors must all match; several tags or keys mean any of them.
    """

    customer: str | None  # None: every customer of the partner
    namespace: str | None
    words: dict[str, str] = field(default_factory=dict)  # model, provider
    tags: tuple[str, ...] = ()
    older_than_ms: int | None = None
    keys: tuple[str, ...] = ()
    original_request: Any = None
    soft: bool = False
    dry_run: bool = False

    @property
    def is_by_key(self) -> bool:
        """Whether single entries are named."""
        return bool(self.keys) or self.original_request is not None

    def selectors(self) -> list[dict[str, str]]:
        """One selector a floor: what must all match."""
        common = dict(self.words)
        if self.customer is not None:
            common["customer"] = self.customer
        if self.namespace is not None:
            common["namespace"] = self.namespace
        return [common | {"tag": tag} for tag in self.tags] if self.tags else [common]


def read(who: Caller, asked: Asked) -> Wanted:
    """The body of a purge. A customer's key purges that customer's entries only."""
    value = members.document(asked.body, asked.headers)
    asked.request_id = members.label(value.get("request_id"))
    for name in value:
        if name not in KNOWN:
            shown = members.label(name) or "A member"
            raise Problem("invalid-request", f"{shown} is no selector; nothing was purged.",
                          pointer=f"/{members.label(name)}")  # fmt: skip
    given = {name: value[name] for name in value if value[name] is not None}
    _check_combination(given)
    words = {name: members.text(given, name, longest) for name, longest in _BY_WORD.items()}
    customer = words.pop("customer_id")
    if who.key.customer is not None:
        customer = admit.customer_of(who, customer)
    return Wanted(
        customer,
        words.pop("namespace"),
        {name: word for name, word in words.items() if word is not None},
        _tags(given),
        members.seconds(given, "older_than_s"),
        _keys(given),
        given.get("original_request"),
        _mode(given) == "soft",
        members.flag(given, "dry_run"),
    )


def scope_of(who: Caller, wanted: Wanted) -> Scope:
    """Where single entries lie: of one customer and namespace, as in a lookup. Raises Problem."""
    customer = admit.customer_of(who, wanted.customer)
    return who.partner.scope(who.ring, who.key.livemode, customer, wanted.namespace or "")


def _check_combination(given: dict[str, Any]) -> None:
    named = [name for name in (*_BY_KEY, *_BY_WORD, *_OTHERS) if name in given]
    if not named:
        detail = 'Say what to purge: cache_key, tags, model, …, or "all": true for everything.'
        raise Problem("invalid-request", detail, pointer="")
    if "all" in named and (given["all"] is not True or len(named) > 1):
        detail = "all must be true and stand alone; leave it out to purge less than everything."
        raise Problem("invalid-request", detail, pointer="/all")
    beside = set(named) - {*_BY_KEY, "customer_id", "namespace"}
    if beside and not set(named).isdisjoint(_BY_KEY):
        name = sorted(beside)[0]
        detail = f"{name} cannot go with a key: beside one only customer_id and namespace can."
        raise Problem("invalid-request", detail, pointer=f"/{name}")


def _mode(given: dict[str, Any]) -> str:
    mode = given.get("mode", "hard")
    if mode not in ("soft", "hard"):
        raise Problem("invalid-request", "mode must be soft or hard.", pointer="/mode")
    return str(mode)


def _tags(given: dict[str, Any]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for name in ("tag", "tags"):
        if name in given:
            tags = members.read_tags(given[name])
            if not tags:
                raise Problem("invalid-request", f"{name} names no tag.", pointer=f"/{name}")
            for tag, text in tags.items():
                found[f"{tag}={text}" if text else tag] = None
    return tuple(found)


def _keys(given: dict[str, Any]) -> tuple[str, ...]:
    several = given.get("cache_keys", ())
    if "cache_keys" in given and not (type(several) is list and 0 < len(several) <= MAX_KEYS):
        detail = f"cache_keys must be a list of 1 to {MAX_KEYS} keys."
        raise Problem("invalid-request", detail, pointer="/cache_keys")
    one = members.text(given, "cache_key", members.MAX_CACHE_KEY)
    keys = {} if one is None else {one: None}
    for key in several:
        if type(key) is not str or not 0 < len(key) <= members.MAX_CACHE_KEY:
            raise _bad_key()
        if not key.isprintable():
            raise _bad_key()
        keys[key] = None
    return tuple(keys)


def _bad_key() -> Problem:
    detail = f"Each of cache_keys must have 1 to {members.MAX_CACHE_KEY} printable characters."
    return Problem("invalid-request", detail, pointer="/cache_keys")


def floors(who: Caller, wanted: Wanted) -> list[tuple[str, int, int]]:
    """The floors of a purge by words: (name, age in ms or 0, life in ms)."""
    age_ms = wanted.older_than_ms or 0
    return [
        (
            purging.name(selector, livemode=who.key.livemode, soft=wanted.soft, aged=age_ms > 0),
            age_ms,
            purging.FLOOR_MS,
        )
        for selector in wanted.selectors()
    ]
