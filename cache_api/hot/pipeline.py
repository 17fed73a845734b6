"""The pipeline as the doors drive it: `begin` a verb, then `resume` until there is an Answer.

    step = begin(verb, asked, snapshot)
    Fetch → run its commands on its lane, `absorb` the replies, begin again
    Run   → run its commands on its lane, `resume` with the replies
    Answer → make its events durable, send it, `finish`

Does no I/O. Who asks is settled from headers alone, so that a stranger's body is never parsed, nor
that of a caller who asks too often.
"""

from cache_api.hot import admit, limits, members, steps
from cache_api.hot.admit import Caller
from cache_api.hot.facts import KeyFacts
from cache_api.hot.limits import Bar
from cache_api.hot.look import NO_STORE
from cache_api.hot.marks import Stamp
from cache_api.hot.members import CODING
from cache_api.hot.problems import Problem
from cache_api.hot.snapshot import Snapshot
from cache_api.hot.steps import Answer, Asked, Command, Fetch, Replies, Run, Step
from cache_api.hot.verbs import Verb
from cache_api.rules import controls


def begin(verb: Verb, asked: Asked, snapshot: Snapshot) -> Step:
    """The first step of a request."""
    asked.voice = verb.voice
    try:
        name = b"" if asked.heard is None else asked.heard.caller
        who = admit.admit(asked.headers, snapshot, asked.now_ms, name)
        if type(who) is list:
            return _facts(who, asked, snapshot)
        assert type(who) is Caller
        if asked.look is None:
            asked.look = who.partner.look
            asked.headers = asked.look.heard(asked.headers)
        if who.gate is not None and asked.gate is None:
            fetch = who.gate.enter(asked)
            if fetch is not None:
                return fetch
        if CODING in asked.headers and asked.body:
            asked.body, asked.headers = members.unpacked(asked.body, asked.headers)
        return _owned(verb.begin(who, asked), asked)
    except Problem as problem:
        return _refused(problem, asked, snapshot)


def begin_for(key: KeyFacts, verb: Verb, asked: Asked, snapshot: Snapshot) -> Step:
    """The first step of what somebody asks whom the door knows without a secret; no limits."""
    try:
        who = admit.vouched(key, snapshot, asked.now_ms)
        if type(who) is list:
            return _facts(who, asked, snapshot)
        assert type(who) is Caller
        asked.look = who.partner.look
        return _owned(verb.begin(who, asked), asked)
    except Problem as problem:
        return _told(problem, asked)


def resume(run: Run, replies: Replies, stamp: Stamp, elapsed_us: int) -> Step:
    """The next step of a Run whose replies are here (None: no answer in time)."""
    asked = run.asked
    assert asked is not None
    try:
        return _owned(run.work.conclude(replies, stamp, elapsed_us), asked)
    except Problem as problem:
        return _told(problem, asked)


def unmarked(answer: Answer, verb: Verb, asked: Asked) -> Answer:
    """What to say when neither stream nor disk took the answer's events.

    A lookup is served all the same; what the caller can send again is not acknowledged.
    """
    if not verb.is_sent_again:
        return answer
    refusal = _told(Problem("overloaded", "This could not be written down; send it again."), asked)
    refusal.learned, refusal.later = answer.learned, answer.later
    return refusal


def barred(verb: Verb, who: Caller, bar: Bar) -> Answer:
    """What `begin` answers a caller whom its gate bars, but for the fields that the gate tells."""
    return verb.voice(steps.refused(limits.refusal(*bar), look=who.partner.look))


def finish(asked: Asked) -> None:
    """The request is answered: it is no longer one of those under way."""
    if asked.gate is not None:
        asked.gate.leave()


def _facts(names: list[bytes], asked: Asked, snapshot: Snapshot) -> Fetch:
    commands: list[Command] = [(b"GET", name) for name in names]
    return Fetch(commands, lambda replies: snapshot.take(names, replies, asked.now_ms))


def _owned(step: Step, asked: Asked) -> Step:
    if type(step) is Run:
        step.asked = asked
    elif type(step) is Answer:
        return _finished(step, asked)
    return step


def _finished(answer: Answer, asked: Asked) -> Answer:
    """Every answer: not to be kept on the way, and with what is left of the limits."""
    answer.fields = answer.fields or NO_STORE
    if asked.gate is not None:
        answer.fields += asked.gate.fields(asked.now_ms)
    return answer


def _refused(problem: Problem, asked: Asked, snapshot: Snapshot) -> Step:
    if asked.look is None:
        found = admit.look_for(asked.headers, snapshot, asked.now_ms)
        if isinstance(found, list):
            return _facts(found, asked, snapshot)
        asked.look = found
    asked.request_id = asked.request_id or controls.trace_id(asked.headers)
    return _told(problem, asked)


def _told(problem: Problem, asked: Asked) -> Answer:
    answer = steps.refused(problem, asked.request_id, asked.look)
    if asked.voice is not None:
        answer = asked.voice(answer)
    return _finished(answer, asked)
