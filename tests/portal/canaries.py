"""Everything that a running service keeps or lets out, as bytes that can be searched for a mark.

Whatever it is wrapped in: a search that cannot find what was planted proves nothing
(`test_canaries.py`).
"""

import base64
import gzip
import re
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from email import message_from_bytes, policy
from pathlib import Path

from redis import Redis

from tests.conftest import Database
from tests.portal.readable import readable

BASE64 = re.compile(rb"[A-Za-z0-9+/]{40,}")
# Of a key's type, what reads all of it. A DUMP would not do: long texts are compressed there.
READS = {
    "string": lambda client, name: client.get(name),
    "stream": lambda client, name: client.xrange(name),
    "hash": lambda client, name: client.hgetall(name),
    "list": lambda client, name: client.lrange(name, 0, -1),
    "set": lambda client, name: client.smembers(name),
    "zset": lambda client, name: client.zrange(name, 0, -1, withscores=True),
}


def everything_in(client: Redis) -> bytes:
    """All keys and values of a Valkey, of whatever type."""
    names = list(client.scan_iter(count=1000))
    kinds = [client.type(name).decode() for name in names]
    found = [(name, READS[kind](client, name)) for name, kind in zip(names, kinds, strict=True)
             if kind != "none"]  # fmt: skip # expired meanwhile
    return b"\n".join(part for one in found for part in _flat(one))


def _flat(value: object) -> Iterable[bytes]:
    if isinstance(value, bytes):
        yield value
        for text in BASE64.findall(value):  # what Celery's messages are called with
            yield base64.b64decode(text[: len(text) // 4 * 4])
    elif isinstance(value, dict):
        yield from _flat(list(value.items()))
    elif isinstance(value, list | tuple | set):
        for one in value:
            yield from _flat(one)


def tables_of(database: Database) -> dict[str, bytes]:
    """Every row of every table as text, columns of bytes as they are, by the table's name."""
    with database.psql() as boss:
        names = boss.execute(
            "select schemaname, tablename from pg_tables where schemaname = 'public' or"
            " schemaname like 'p\\_%'"
        ).fetchall()
        found = defaultdict(bytes)
        for space, table in names:
            rows = boss.execute(f'select t::text, t.* from "{space}"."{table}" t').fetchall()
            found[table] += "\n".join(text for text, *_ in rows).encode()
            found[table] += b"\n".join(
                shown(part) for _, *row in rows for part in row if isinstance(part, bytes)
            )
        return found


def files_below(*folders: Path) -> dict[str, bytes]:
    """Every file's content by its path: logs, spools, snapshots, mails, servers' own files."""
    found = {}
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        with suppress(FileNotFoundError):  # a spool that was shipped meanwhile
            found[str(path)] = shown(path.read_bytes())
    return found


def shown(content: bytes) -> bytes:
    """Bytes and what they say once they are unpacked: a PDF, zip, Parquet, gzip or mail."""
    unpacked = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    said = readable(unpacked).encode()
    if b"MIME-Version:" in content:
        for mail in content.split(b"-" * 79):
            said += _of_mail(mail)
    return content + said


def _of_mail(content: bytes) -> bytes:
    mail = message_from_bytes(content.lstrip(), policy=policy.default)
    parts = [part.get_payload(decode=True) or b"" for part in mail.walk()]
    return b"\n".join([str(mail.items()).encode(), *map(shown, parts)])


def where(kept: dict[str, bytes], mark: str) -> set[str]:
    """What of all that holds the mark."""
    return {name for name, content in kept.items() if mark.encode() in content}
