"""Free ports on 127.0.0.1, and who is in the way."""

import random
import socket

# Below the range from which systems pick ports of outgoing connections: a restarted server
# must find its port still free.
_RANGE = range(20_000, 32_000)
# Not the shared generator: whoever seeds that (a test tool does, alike in every process) would make
# two processes choose the same port at the same moment.
_dice = random.SystemRandom()


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def pick(preferred: int = 0, avoid: frozenset[int] = frozenset()) -> int:
    """`preferred` when free, else a free random port that is not in `avoid`."""
    if preferred and preferred not in avoid and is_free(preferred):
        return preferred
    while True:
        port = _dice.choice(_RANGE)
        if port not in avoid and is_free(port):
            return port
