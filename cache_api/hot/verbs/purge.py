"""POST /api/overflow/purge: by key, tag, model, provider, customer, namespace, age, or everything.

Written down durably first (`purges.SCRIPT`), then told to the cache store; nothing of it depends on
how much is stored. Only then it is acknowledged.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from cache_api.hot import answers, purges, regions, selectors, tier
from cache_api.hot.admit import Caller
from cache_api.hot.marks import Stamp
from cache_api.hot.problems import Problem
from cache_api.hot.selectors import Wanted
from cache_api.hot.steps import CACHE, HOME, TIER, Answer, Asked, Command, Replies, Run
from cache_api.hot.targets import Targets
from cache_api.hot.work import SET
from tenants.rules import ids

STATUS_PATH = "/api/overflow/purges/"


def begin(who: Caller, asked: Asked) -> Run | Answer:
    """Read single entries first, number any other purge at once. Raises Problem."""
    wanted = selectors.read(who, asked)
    plan = Purge(who, wanted, asked.now_ms, regions_left=list(who.site.others))
    if not wanted.is_by_key:
        return plan.dry_answer(None) if wanted.dry_run else plan.write_down()
    targets = plan.targets = Targets(who, selectors.scope_of(who, wanted))
    for key in wanted.keys:
        targets.name_cache_key(key)
    if wanted.original_request is not None:
        targets.name_request(wanted.original_request)
    return plan.look()


@dataclass(slots=True)
class Purge:
    """A purge on its way; `then` takes the replies to what was run last."""

    who: Caller
    wanted: Wanted
    now_ms: int
    purge_id: uuid.UUID = field(default_factory=ids.uuid7)
    targets: Targets | None = None
    seq: int = 0
    fact: bytes = b""
    removed: int | None = None
    regions_left: list[str] = field(default_factory=list)  # that may know what is missing here
    is_asking_a_region: bool = False
    then: Callable[[Any], Run | Answer] = field(init=False)

    def conclude(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        """The next step. Raises Problem: what is not durable everywhere is not acknowledged."""
        if self.is_asking_a_region:
            self.is_asking_a_region = False  # one that does not answer removes it when it is back
            return self.then(
                replies or [None] * len(self.targets.missing() if self.targets else ())
            )
        if replies is None:
            detail = "The purge could not be written down. It is not done; send it again."
            raise Problem("overloaded", detail)
        return self.then(replies)

    def look(self) -> Run | Answer:
        """What lies under the keys; aliases lead further."""
        targets = self.targets
        assert targets is not None
        reads = targets.reads()
        if reads:
            self.then = self._looked
            return Run(reads, self)
        further = targets.tier_reads()
        if further:
            self.then = self._looked
            return Run(further, self, TIER)
        if self.regions_left and targets.missing():
            self.then, self.is_asking_a_region = self._looked, True
            return Run(targets.region_reads(), self, regions.lane(self.regions_left.pop()))
        self.removed = len(targets.entries())
        return self.dry_answer(self.removed) if self.wanted.dry_run else self.write_down()

    def write_down(self) -> Run:
        """The purge gets its number."""
        if self.targets is not None:
            floors = self.targets.floors(self.who.key.livemode)
        else:
            floors = selectors.floors(self.who, self.wanted)
        self.then = self._written_down
        about = orjson.dumps(self._about())
        partner_id = self.who.partner.partner_id
        keys = self.targets.found if self.targets is not None else ()
        made = purges.record(
            partner_id, self.purge_id, floors, about, keys, self.who.site.home_and_quorum
        )
        return Run([made], self, HOME)

    def dry_answer(self, matches: int | None) -> Answer:
        """What would be purged; counted only where single entries are named."""
        about = {"dry_run": True, "matches": matches, **self._about()}
        del about["purge_id"]
        if self.targets is not None:
            entries = self.targets.entries().items()
            about["entries"] = [orjson.Fragment(answers.entry_of(*one)) for one in entries]
        return Answer(200, orjson.dumps(about))

    def _looked(self, replies: list[Any]) -> Run | Answer:
        assert self.targets is not None
        self.targets.take(replies)
        return self.look()

    def _written_down(self, replies: list[Any]) -> Run:
        self.seq, _, self.fact = replies[0]
        partner_id = self.who.partner.partner_id
        mark = (SET, purges.mark_name(partner_id), b"%d" % self.seq, b"PX", purges.MARK_MS_TEXT)
        removal = self._removal()
        keys = self.targets.found if self.targets is not None else ()
        in_tier = tier.removal(self.who, keys) if self.who.site.has_tier else []
        # The order is `hot.tier`'s.
        self.then = (lambda _: self._from_tier(in_tier, removal)) if in_tier else self._acknowledged
        return Run([mark, *removal], self, CACHE)

    def _from_tier(self, in_tier: list[Command], removal: list[Command]) -> Run:
        self.then = lambda _: self._again(removal)
        return Run(in_tier, self, TIER)

    def _again(self, removal: list[Command]) -> Run:
        self.then = self._acknowledged
        return Run(removal, self, CACHE)

    def _removal(self) -> list[Command]:
        if self.targets is None:
            return []
        if self.wanted.soft:
            return self.targets.expiry(self.seq, self.now_ms)
        return self.targets.removal()

    def _acknowledged(self, replies: list[Any]) -> Answer:
        about = self._about() | {"status": "pending", "seq": self.seq}
        if self.removed is not None:
            about["removed"] = self.removed
        where = f"{STATUS_PATH}{self.purge_id}".encode()
        alarm = {} if self.targets is None else self.targets.alarm()
        learned = ((self.who.key.purges_name, self.fact),)
        headers = [(b"location", where)]
        return Answer(202, orjson.dumps(about), headers=headers, learned=learned, **alarm)

    def _about(self) -> dict[str, Any]:
        wanted = self.wanted
        words: dict[str, Any] = {
            "customer_id": wanted.customer, "namespace": wanted.namespace, **wanted.words,
            "tags": list(wanted.tags), "cache_keys": list(wanted.keys),
            "older_than_s": wanted.older_than_ms and wanted.older_than_ms / 1000,
            "original_request": wanted.original_request is not None,
        }  # fmt: skip
        return {
            "purge_id": str(self.purge_id),
            "mode": "soft" if wanted.soft else "hard",
            "livemode": self.who.key.livemode,
            "selectors": {name: word for name, word in words.items() if word} or {"all": True},
        }
