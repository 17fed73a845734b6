"""A TCP relay in front of a server, for tests that cut one process off from it."""

import socket
import threading
from contextlib import suppress

from portal.servers import ports


class Relay:
    """Passes bytes both ways until `cut`, and again after `mend`."""

    def __init__(self, port: int) -> None:
        self.port, self._behind = ports.pick(), port
        self._open: list[socket.socket] = []
        self.mend()

    def mend(self) -> None:
        """Take connections on its port."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Refuse new connections and end those there are."""
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                front, _ = self._listener.accept()
                behind = socket.create_connection(("127.0.0.1", self._behind))
                self._open += [front, behind]
                for pair in ((front, behind), (behind, front)):
                    threading.Thread(target=_pass_on, args=pair, daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
