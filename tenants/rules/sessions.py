"""When a session is over, however it is used. Pure; times are seconds since the epoch."""

from __future__ import annotations

MOST_S = 12 * 3600  # since the sign-in, also of a session that is used all the time
NOTED_S = 300  # use is written down this often at most


def is_over(began_s: float | None, used_s: float | None, now_s: float, idle_s: float) -> bool:
    """Whether it has lasted its time, or nobody used it for `idle_s`. None: not noted yet."""
    return (began_s is not None and now_s - began_s >= MOST_S) or (
        used_s is not None and now_s - used_s >= idle_s
    )


def is_noteworthy(used_s: float | None, now_s: float) -> bool:
    """Whether this use is to be written down."""
    return used_s is None or now_s - used_s >= NOTED_S
