"""What a Redis command means for the overflow: a table. No I/O.

Commands on lists, hashes, sets, … mean nothing: they cannot change what GET finds under a key
without a command of this table before them.
"""

import time
from dataclasses import dataclass, field
from typing import Any

READ, READ_MANY, SETS, TAKES, TAKES_ALL = "read", "read_many", "sets", "takes", "takes_all"


@dataclass(frozen=True, slots=True)
class Meaning:
    """`keys` as given; for SETS (key, value, seconds or None) each, done only if the answer is
    truthy where `is_conditional`."""

    kind: str
    keys: tuple[Any, ...] = ()
    pairs: tuple[tuple[Any, Any, float | None], ...] = field(default=())
    is_conditional: bool = False


_ALL = {"FLUSHDB", "FLUSHALL", "SWAPDB"}
# Where the keys are whose value or lifetime is taken away or changed: slices of the arguments.
_TAKES: dict[str, slice] = {
    **dict.fromkeys(("DEL", "UNLINK", "PFMERGE"), slice(None)),
    **dict.fromkeys(
        (
            "EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT", "PERSIST", "GETDEL", "GETSET", "APPEND",
            "INCR", "INCRBY", "INCRBYFLOAT", "DECR", "DECRBY", "SETRANGE", "SETBIT", "BITFIELD",
            "RESTORE", "MOVE", "DELEX", "DELIFEQ", "SUNIONSTORE", "SINTERSTORE", "SDIFFSTORE",
            "ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE", "ZRANGESTORE", "GEOSEARCHSTORE",
        ),
        slice(1),
    ),
    **dict.fromkeys(("RENAME", "RENAMENX"), slice(2)),
    **dict.fromkeys(("COPY", "BITOP"), slice(1, 2)),
    "MSETNX": slice(None, None, 2),
}  # fmt: skip
_SCRIPTS = {"EVAL", "EVALSHA", "FCALL"}


def meaning(args: tuple[Any, ...]) -> Meaning | None:
    """Of a command and its arguments; None where it is not our business."""
    name = str(args[0].decode("latin-1") if isinstance(args[0], bytes) else args[0]).upper()
    rest = args[1:]
    if name == "GET" and len(rest) == 1:
        return Meaning(READ, rest)
    if name == "MGET":
        return Meaning(READ_MANY, rest)
    if name in _TAKES:
        return Meaning(TAKES, rest[_TAKES[name]])
    if name in _ALL:
        return Meaning(TAKES_ALL)
    found = _OTHERS.get(name)
    return found(rest) if found is not None else None


def _set(rest: tuple[Any, ...]) -> Meaning:
    key, value, *words = rest
    seconds: float | None = None
    conditional = False
    left = [str(word.decode() if isinstance(word, bytes) else word).upper() for word in words]
    while left:
        word = left.pop(0)
        if word in ("NX", "XX"):
            conditional = True
        elif word in _LIFETIMES and left:
            seconds = _LIFETIMES[word](float(left.pop(0)))
        else:
            return Meaning(TAKES, (key,))  # GET, KEEPTTL, IFEQ, …: a miss more, never a wrong hit
    return Meaning(SETS, pairs=((key, value, seconds),), is_conditional=conditional)


_LIFETIMES = {
    "EX": lambda given: given,
    "PX": lambda given: given / 1000,
    "EXAT": lambda given: given - time.time(),
    "PXAT": lambda given: given / 1000 - time.time(),
}


def _setex(rest: tuple[Any, ...]) -> Meaning:
    key, seconds, value = rest
    return Meaning(SETS, pairs=((key, value, float(seconds)),))


def _psetex(rest: tuple[Any, ...]) -> Meaning:
    key, milliseconds, value = rest
    return Meaning(SETS, pairs=((key, value, float(milliseconds) / 1000),))


def _setnx(rest: tuple[Any, ...]) -> Meaning:
    return Meaning(SETS, pairs=((*rest, None),), is_conditional=True)


def _mset(rest: tuple[Any, ...]) -> Meaning:
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return Meaning(SETS, pairs=tuple((key, value, None) for key, value in pairs))


def _msetex(rest: tuple[Any, ...]) -> Meaning:
    return Meaning(TAKES, rest[1 : 1 + 2 * int(rest[0]) : 2])


def _script(rest: tuple[Any, ...]) -> Meaning:
    return Meaning(TAKES, rest[2 : 2 + int(rest[1])])


def _getex(rest: tuple[Any, ...]) -> Meaning | None:
    return Meaning(TAKES, rest[:1]) if len(rest) > 1 else None


def _sort(rest: tuple[Any, ...]) -> Meaning | None:
    words = [str(word.decode() if isinstance(word, bytes) else word).upper() for word in rest]
    return Meaning(TAKES, (rest[words.index("STORE") + 1],)) if "STORE" in words else None


_OTHERS = {
    "SET": _set, "SETEX": _setex, "PSETEX": _psetex, "SETNX": _setnx, "MSET": _mset,
    "MSETEX": _msetex, "GETEX": _getex, "SORT": _sort, **dict.fromkeys(_SCRIPTS, _script),
}  # fmt: skip
