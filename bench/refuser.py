"""A server that refuses whatever comes, and does nothing else: the least that a flood can cost.

    python -m bench.refuser PORT

On the event loop of the edge. It reads one request a packet and looks at none.
"""

import asyncio
import sys
from typing import Any

import uvloop

_BODY = b'{"title":"Too many requests","status":429}'
_ANSWER = (
    b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/problem+json\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)


class _Refuser(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport  # uvloop's is no subclass of asyncio's

    def data_received(self, data: bytes) -> None:
        self._transport.write(_ANSWER)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Refuser, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
