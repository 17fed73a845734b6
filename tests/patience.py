"""How long tests wait for what shall happen: as long as a slow machine with other work may take."""

import time
from collections.abc import Callable

PATIENCE_S = 90.0  # for what comes at once on a quiet machine
PROMPT_S = 15.0  # for an answer that must not wait for a server that is away
POLL_S = 0.05


def wait_for(condition: Callable[[], object], seconds: float = PATIENCE_S) -> bool:
    """Whether something becomes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True
