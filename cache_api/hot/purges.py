"""How a purge is made: numbered and written down by one atomic script in the durable store.

The script also writes the fact that every door reads (`snap:purges:<partner>`, at most 5 s old). A
door that cannot read it any more asks the cache store before it trusts an entry: every purge leaves
its number there as well.
"""

import uuid
from collections.abc import Iterable

from cache_api.hot import facts
from cache_api.hot.steps import Command
from cache_api.rules import purging

LEASE_MS = 5_000  # how long a door may rely on what it read
IN_FLIGHT_MS = 1_000  # an answer that was begun on the last moment of it is out by then
RECORD_S = 7 * 86_400
# The home's log of purges, which every region follows; one cut off for longer starts empty.
LOG, LOG_MS = b"purges:log", 7 * 86_400_000
# Longer than facts are used while the durable store is away (snapshot.KEEP_MS).
MARK_MS = 15 * 60 * 1000
MARK_MS_TEXT = b"%d" % MARK_MS

# KEYS: floors (hash), fact, record. ARGV: name, milliseconds of age or 0, of life, … then record.
SCRIPT = b"""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
local floors, known = {}, redis.call('HGETALL', KEYS[1])
for i = 1, #known, 2 do
    local s, at, cutoff, ends = string.match(known[i + 1], '^(%d+) (%d+) (%d+) (%d+)$')
    if s and tonumber(ends) > now then
        floors[known[i]] = {tonumber(s), tonumber(at), tonumber(cutoff), tonumber(ends)}
    end
end
for i = 1, #ARGV - 1, 3 do
    local name, age, life = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
    local cutoff = 0
    if age > 0 then
        cutoff = math.max(0, now - age, floors[name] and floors[name][3] or 0)
    end
    local mode = string.match(name, '^(%a+)|hard|plain$')
    if mode then
        for other in pairs(floors) do
            if string.sub(other, 1, #mode + 1) == mode .. '|' then floors[other] = nil end
        end
    end
    floors[name] = {seq, now, cutoff, now + life}
end
local keys, count = {}, 0
for name in pairs(floors) do
    if string.find(name, '|key=', 1, true) then table.insert(keys, name) else count = count + 1 end
end
table.sort(keys, function(a, b) return floors[a][1] > floors[b][1] end)
for i = MAX_KEYS + 1, #keys do
    if i > MOST_KEYS or floors[keys[i]][2] < now - YOUNG_MS then floors[keys[i]] = nil end
end
if count > MAX_FLOORS then
    floors = {
        ['live|hard|plain'] = {seq, now, 0, now + FLOOR_MS},
        ['test|hard|plain'] = {seq, now, 0, now + FLOOR_MS},
    }
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'seq', seq)
local told = {}
for name, f in pairs(floors) do
    redis.call('HSET', KEYS[1], name, string.format('%.0f %.0f %.0f %.0f', f[1], f[2], f[3], f[4]))
    told[name] = {f[1], f[2], f[3]}
end
local fact = cjson.encode({seq = seq, at_ms = now, floors = told})
redis.call('SET', KEYS[2], fact)
redis.call('SET', KEYS[3], string.format('%.0f %.0f ', seq, now) .. ARGV[#ARGV], 'EX', RECORD_S)
return {seq, now, fact}
"""
for _name, _value in (
    (b"MAX_KEYS", purging.MAX_KEY_FLOORS),
    (b"MOST_KEYS", purging.MOST_KEY_FLOORS),
    (b"YOUNG_MS", purging.YOUNG_MS),
    (b"MAX_FLOORS", purging.MAX_FLOORS),
    (b"FLOOR_MS", purging.FLOOR_MS),
    (b"RECORD_S", RECORD_S),
):
    SCRIPT = SCRIPT.replace(_name, b"%d" % _value)


def fact_name(partner_id: uuid.UUID) -> bytes:
    """The snapshot key of a partner's purges."""
    return facts.PURGES + str(partner_id).encode("ascii")


def mark_name(partner_id: uuid.UUID) -> bytes:
    """The key in the cache store that holds the number of a partner's last purge."""
    return b"p1:" + partner_id.bytes


def record_name(partner_id: uuid.UUID, purge_id: uuid.UUID) -> bytes:
    """The key of one purge's record, in the durable store."""
    return f"purge:{partner_id}:{purge_id}".encode("ascii")


def note(partner_id: uuid.UUID, keys: Iterable[bytes], now_ms: int) -> Command:
    """The command that tells all regions of a purge, after `record`: whose, which store keys."""
    oldest = b"%d-0" % max(0, now_ms - LOG_MS)
    words = (b"p", partner_id.bytes, b"k", b"".join(keys))
    return (b"XADD", LOG, b"MINID", b"~", oldest, b"*", *words)


def record(
    partner_id: uuid.UUID, purge_id: uuid.UUID, floors: list[tuple[str, int, int]], about: bytes
) -> Command:
    """The command that makes a purge. Each floor is (name, age in ms or 0, life in ms).

    Answers [number, Unix ms, the new fact]; `about` is kept as the purge's record.
    """
    keys = (b"purges:%s" % str(partner_id).encode(), fact_name(partner_id),
            record_name(partner_id, purge_id))  # fmt: skip
    given = [
        word for name, age_ms, life_ms in floors
        for word in (name.encode("ascii"), b"%d" % age_ms, b"%d" % life_ms)
    ]  # fmt: skip
    return (b"EVAL", SCRIPT, b"%d" % len(keys), *keys, *given, about)
