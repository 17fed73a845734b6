"""Long lines on one machine: TCP through a link that takes its time each way.

Bytes arrive `rtt_ms / 2` after they were sent, in order, however many are under way: as over a real
line with room, unlike a proxy that sleeps between pieces. Connecting is not delayed.
"""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any


class Links:
    """Links in a thread of their own. `to` makes one; `close` ends all."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def to(self, port: int, rtt_ms: float) -> int:
        """The local port from which 127.0.0.1:`port` is that far away."""
        return int(self._do(self._listen(port, rtt_ms / 2000)))

    def close(self) -> None:
        """Cut all of them."""
        self._do(self._cut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _cut(self) -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _listen(self, port: int, delay_s: float) -> int:
        async def carry(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
            # Cut means cancelled, which asyncio's server would print as a failure of its own.
            with suppress(OSError, asyncio.CancelledError):
                far, ahead = await asyncio.open_connection("127.0.0.1", port)
                await asyncio.gather(_pass(near, ahead, delay_s), _pass(far, back, delay_s))

        server = await asyncio.start_server(carry, "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter, delay_s: float) -> None:
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    async def read() -> None:
        data = b"-"
        while data:
            with suppress(OSError):
                data = await source.read(65_536)
            under_way.put_nowait((loop.time() + delay_s, data))

    reading = loop.create_task(read())
    while True:
        due, data = await under_way.get()
        await asyncio.sleep(due - loop.time())
        if not data:
            break
        target.write(data)
    await reading
    target.close()
