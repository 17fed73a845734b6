"""POST /api/overflow/batch: up to 100 lookups and stores side by side.

Each item is a request of its own (read, refused, metered, answered by itself); what they run on one
lane at the same time travels as one pipeline.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from cache_api.hot import members, steps
from cache_api.hot.admit import Caller
from cache_api.hot.marks import Stamp
from cache_api.hot.problems import Problem
from cache_api.hot.steps import LOST, Answer, Apart, Asked, Fetch, Replies, Run, Step
from cache_api.hot.verbs import lookup, store
from cache_api.rules import slices, strictjson

MAX_ITEMS, MAX_BYTES = 100, 8 * 1024 * 1024
OPERATIONS: dict[str, Callable[[Caller, Asked], Step]] = {
    "lookup": lookup.begin,
    "store": store.begin,
}
_NOT_FOR_ITEMS = (b"idempotency-key",)  # it names one body


class _Named(msgspec.Struct):
    op: str


_named = msgspec.json.Decoder(_Named).decode


def begin(who: Caller, asked: Asked) -> Run | Answer:
    """The first steps of all items. Raises Problem for a body that is no batch."""
    batch = Batch(who)
    headers = {name: text for name, text in asked.headers.items() if name not in _NOT_FOR_ITEMS}
    for raw in _read(asked):
        one = Asked(raw, headers, asked.now_ms)
        batch.asked.append(one)
        batch.steps.append(_begin(who, one))
    if who.gate is not None:
        who.gate.charge(len(batch.steps) - 1)
    return batch.next()


@dataclass(slots=True)
class Batch:
    """Items on their way: each at its Fetch, its Run or its Answer."""

    who: Caller
    asked: list[Asked] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    running: list[int] = field(default_factory=list)  # the items whose commands are under way

    def next(self) -> Run | Answer:
        """One Run for all items that wait for the same lane, or the answer once none waits."""
        waiting = [(n, step) for n, step in enumerate(self.steps) if not isinstance(step, Answer)]
        if not waiting:
            return self._answer()
        where = waiting[0][1].where
        together = [(n, run) for n, run in waiting if run.where == where]
        self.running = [n for n, _ in together]
        commands = Apart(command for _, run in together for command in run.commands)
        return Run(commands, self, where)

    def conclude(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        """Every item gets its own replies and says what comes next."""
        start = 0
        for number in self.running:
            step, one = self.steps[number], self.asked[number]
            assert not isinstance(step, Answer)
            end = start + len(step.commands)
            own = None if replies is None else replies[start:end]
            if own is not None and any(reply is LOST for reply in own):
                own = None
            start = end
            if isinstance(step, Fetch):
                step.absorb(own)
                self.steps[number] = _begin(self.who, one)
                continue
            try:
                self.steps[number] = step.work.conclude(own, stamp, elapsed_us)
            except Problem as problem:
                look = self.who.partner.look
                self.steps[number] = steps.refused(problem, one.request_id, look)
        return self.next()

    def _answer(self) -> Answer:
        answers = [step for step in self.steps if type(step) is Answer]
        body = b'{"items":[%b]}' % b",".join([_told(answer) for answer in answers])
        abouts = dict.fromkeys(answer.about for answer in answers if answer.about)
        return Answer(
            200,
            body,
            events=tuple(event for answer in answers for event in answer.events),
            alarms=tuple(alarm for answer in answers for alarm in answer.alarms),
            about="; ".join(abouts),
            later=tuple(some for answer in answers for some in answer.later),
            learned=tuple(fact for answer in answers for fact in answer.learned),
        )


def _told(answer: Answer) -> bytes:
    member = b"body" if answer.status < 400 else b"problem"
    return b'{"status":%d,"%b":%b}' % (answer.status, member, answer.body)


def _begin(who: Caller, asked: Asked) -> Step:
    try:
        return _operation_of(asked)(who, asked)
    except Problem as problem:
        return steps.refused(problem, asked.request_id, who.partner.look)


def _operation_of(asked: Asked) -> Callable[[Caller, Asked], Step]:
    try:
        named: object = _named(asked.body).op
    except (msgspec.DecodeError, RecursionError):
        named = members.document(asked.body, asked.headers).get("op")
    begin = OPERATIONS.get(named) if type(named) is str else None
    if begin is None:
        detail = f"op must be {' or '.join(OPERATIONS)}."
        raise Problem("invalid-request", detail, pointer="/op")
    return begin


def _read(asked: Asked) -> list[bytes]:
    """The items' own bytes. What is wrong inside of one is found when that one is read."""
    members.check_media(asked.headers)
    if len(asked.body) > MAX_BYTES:
        detail = f"A batch may have {MAX_BYTES} bytes; this one has {len(asked.body)}."
        raise Problem("payload-too-large", detail)
    try:
        items = slices.elements(asked.body, "items", MAX_ITEMS)
    except slices.NoList as error:
        raise _no_batch() from error
    except strictjson.BadJson as error:
        raise Problem(error.code, error.detail, pointer=error.pointer) from error
    if not 0 < len(items) <= MAX_ITEMS:
        raise _no_batch()
    return items


def _no_batch() -> Problem:
    detail = f"Send items: a list of 1 to {MAX_ITEMS} lookups and stores."
    return Problem("invalid-request", detail, pointer="/items")
