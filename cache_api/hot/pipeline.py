"""The pipeline as the doors drive it: `begin` a verb, then `resume` until there is an Answer.

    step = begin(verb, asked, snapshot)
    Fetch → read the facts, `snapshot.absorb` (or `outage`), begin again
    Run   → run its commands on its lane, `resume` with the replies
    Answer → make its events durable, send it

Does no I/O. Who asks is settled from headers alone, so that a stranger's body is never parsed.
"""

from cache_api.hot import admit, steps
from cache_api.hot.marks import Stamp
from cache_api.hot.problems import Problem
from cache_api.hot.snapshot import Snapshot
from cache_api.hot.steps import Answer, Asked, Fetch, Replies, Run, Step
from cache_api.hot.verbs import Verb


def begin(verb: Verb, asked: Asked, snapshot: Snapshot) -> Step:
    """The first step of a request."""
    asked.voice = verb.voice
    try:
        who = admit.admit(asked.headers, snapshot, asked.now_ms)
        if type(who) is list:
            return Fetch(who)
        assert type(who) is admit.Caller
        return _owned(verb.begin(who, asked), asked)
    except Problem as problem:
        return _refused(problem, asked)


def resume(run: Run, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
    """The next step of a Run whose replies are here (None: no answer in time)."""
    asked = run.asked
    assert asked is not None
    try:
        return _owned(run.work.conclude(replies, stamp, elapsed_us), asked)
    except Problem as problem:
        return _refused(problem, asked)


def _owned(step: Run | Answer, asked: Asked) -> Run | Answer:
    if type(step) is Run:
        step.asked = asked
    return step


def _refused(problem: Problem, asked: Asked) -> Answer:
    answer = steps.refused(problem, asked.request_id)
    return answer if asked.voice is None else asked.voice(answer)
