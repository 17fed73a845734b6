"""What the wrapped clients of redis-py share: keys, values, what is the caller's own error."""

from typing import Any

from redis import exceptions

from agentcache_overflow import writing
from agentcache_overflow.aclient import AsyncAgentCacheOverflow
from agentcache_overflow.answer import Answer
from agentcache_overflow.client import AgentCacheOverflow
from agentcache_overflow.race import Primary
from agentcache_overflow.text import as_bytes
from agentcache_overflow.wire import Named
from agentcache_overflow.wrappers import commands
from agentcache_overflow.wrappers.commands import Meaning

# A server that is there but of no use now; its other errors are about the caller's own command.
# redis-py's readers in Python raise ValueError and its kin for a reply that is none; a bad command
# is a DataError, and text that cannot be encoded or decoded a UnicodeError.
_NO_USE = (
    exceptions.ConnectionError, exceptions.TimeoutError, exceptions.InvalidResponse,
    exceptions.OutOfMemoryError, exceptions.ReadOnlyError, exceptions.MasterDownError,
    exceptions.ClusterDownError, exceptions.TryAgainError, exceptions.BusyLoadingError,
    exceptions.RedisClusterException, OSError, ValueError, OverflowError,
)  # fmt: skip

_REMOVE_SAME = (
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
)


class Door:
    """What the mixins share: the overflow, and how this client spells keys and values."""

    def __init__(self, overflow: AgentCacheOverflow | AsyncAgentCacheOverflow, client: Any) -> None:
        self.core = overflow.core
        self.encoder = client.get_encoder()
        self.primary = Primary(self.core, "redis")

    def named(self, key: Any) -> Named | None:
        """None for a key that does not take part."""
        raw = self.encoder.encode(key)
        raw = raw if isinstance(raw, bytes) else bytes(raw)
        return self.core.wire.name(raw) if writing.takes_part(self.core, raw) else None

    def names(self, keys: tuple[Any, ...]) -> list[Named]:
        """Those that take part."""
        return [named for named in map(self.named, keys) if named is not None]

    def value(self, found: Answer) -> Any:
        """A value as this client gives it."""
        if not found.hit or found.answered_by == "primary":
            return found.response
        return self.encoder.decode(as_bytes(found.response))

    def checked(self, value: Any) -> Any:
        """A value of GET. Raises InvalidResponse for what is none."""
        if value is not None and not isinstance(value, bytes | str):
            raise exceptions.InvalidResponse(f"GET answered {type(value).__name__}")
        return value

    def own(self, error: BaseException) -> bool:
        """Whether an error is about the caller's own command."""
        return isinstance(error, UnicodeError) or not isinstance(error, _NO_USE)

    def keep(self, meaning: Meaning, done: Any) -> None:
        """A SET was done: store it as well."""
        if meaning.is_conditional and not done:
            return
        for key, value, seconds in meaning.pairs:
            named = self.named(key)
            if named is not None:
                writing.was_set(self.primary, named, bytes(self.encoder.encode(value)), seconds)

    def divertible(self, meaning: Meaning) -> bool:
        """Whether all that is set could be kept in the overflow alone."""
        taking = [self.named(key) for key, _, _ in meaning.pairs]
        return not meaning.is_conditional and None not in taking and writing.can_divert(self.core)

    def is_too_large(self, meaning: Meaning) -> bool:
        """Whether something is set that stays out of the primary."""
        return any(
            writing.is_too_large(self.core, self.encoder.encode(value))
            for _, value, _ in meaning.pairs
        )

    def purge_set(self, meaning: Meaning) -> None:
        """What is set is purged before it leaves the primary: no repair writes an older value."""
        self.core.purge_keys(self.names(tuple(key for key, _, _ in meaning.pairs)))

    def divert(self, meaning: Meaning) -> bool:
        """The overflow alone has it."""
        for key, value, seconds in meaning.pairs:
            named = self.named(key)
            assert named is not None
            raw = bytes(self.encoder.encode(value))
            writing.was_diverted(self.primary, named, raw, seconds)
        return True

    def purge(self, meaning: Meaning) -> None:
        """Before the primary does it."""
        if meaning.kind == commands.TAKES_ALL:
            self.primary.diverted.clear()
            self.core.purge_everything()
            return
        names = self.names(meaning.keys)
        for named in names:
            self.primary.diverted.pop(named.ident, None)
        if names:
            self.core.purge_keys(names)

    def repair_command(self, key: Any, found: Answer) -> tuple[Any, ...] | None:
        """Sets what is not there, with what is left of the entry's life."""
        seconds = writing.seconds_left(found)
        if seconds is not None and seconds < 1:
            return None
        life = () if seconds is None else ("EX", seconds)
        return ("SET", key, as_bytes(found.response), "NX", *life)

    def removal_command(self, key: Any, found: Answer) -> tuple[Any, ...]:
        """Takes away what the repair wrote, unless somebody has set another value since."""
        return ("EVAL", _REMOVE_SAME, 1, key, as_bytes(found.response))


def quick_get(client: Any, key: Any, within_s: float) -> tuple[bool, Any] | None:
    """GET on an idle connection of the pool, waiting for its answer's first byte (`reading.Quick`).

    None where there is no such connection: connecting may take any time.
    """
    pool = getattr(client, "connection_pool", None)
    idle = getattr(pool, "_available_connections", None)
    if pool is None or not idle or getattr(client, "connection", None) is not None:
        return None
    if getattr(idle[-1], "_sock", None) is None or getattr(pool, "cache", None) is not None:
        return None
    connection = pool.get_connection()

    def finish() -> Any:
        try:
            value = client.parse_response(connection, "GET")
        except exceptions.ResponseError:
            raise  # the connection is good
        except BaseException:
            connection.disconnect()
            raise
        finally:
            pool.release(connection)
        return client._agentcache.checked(value)

    try:
        connection.send_command("GET", key)
        is_there = connection.can_read(timeout=within_s)
    except BaseException:
        connection.disconnect()
        pool.release(connection)
        raise
    return (True, finish()) if is_there else (False, finish)
