"""How a purge is made: numbered and written down by one atomic script in the durable store.

The script also writes the fact that every door reads (`snap:purges:<partner>`, at most 5 s old). A
door that cannot read it any more asks the cache store before it trusts an entry: every purge leaves
its number there as well.
"""

import uuid
from collections.abc import Iterable, Sequence

import orjson

from cache_api.hot import facts, terms
from cache_api.hot.steps import Command
from cache_api.rules import purging
from cache_api.rules.terms import NUMBERS, START

LEASE_MS = 5_000  # how long a door may rely on what it read
IN_FLIGHT_MS = 1_000  # an answer that was begun on the last moment of it is out by then
RECORD_S = 7 * 86_400
# The home's log of purges, which every region follows; one cut off for longer starts empty.
LOG, LOG_MS = b"purges:log", 7 * 86_400_000
# Longer than facts are used while the durable store is away (snapshot.KEEP_MS).
MARK_MS = 15 * 60 * 1000
MARK_MS_TEXT = b"%d" % MARK_MS
ALONE = ("", 0)

# KEYS: floors (hash), fact, record, log, term, witnesses.
# ARGV: the home's name ("" where there is one region), how many regions must follow it, partner,
# purge id, store keys, floors as JSON, about; then of each floor name, ms of age or 0, ms of life.
SCRIPT = b"""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local done = redis.call('GET', KEYS[3])
if done then
    local seq, at = string.match(done, '^(%d+) (%d+) ')
    return {tonumber(seq), tonumber(at), redis.call('GET', KEYS[2]) or ''}
end
local epoch = 0
if ARGV[1] ~= '' then
    local term = redis.call('GET', KEYS[5])
    if term then
        term = cjson.decode(term)
        epoch = term.epoch
        if term.home ~= ARGV[1] or not term.opened or now < term.since_ms then
            return redis.error_reply('NOTHOME another region numbers purges')
        end
    end
    local following, told = 0, redis.call('HVALS', KEYS[6])
    for _, text in ipairs(told) do
        local one = cjson.decode(text)
        if one[1] == epoch and one[2] > now - STAMP_MS then following = following + 1 end
    end
    if following < tonumber(ARGV[2]) then
        return redis.error_reply('NOTHOME too few regions follow')
    end
end
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
if seq <= epoch * NUMBERS then seq = epoch * NUMBERS + 1 end
local floors, known = {}, redis.call('HGETALL', KEYS[1])
for i = 1, #known, 2 do
    local s, at, cutoff, ends = string.match(known[i + 1], '^(%d+) (%d+) (%d+) (%d+)$')
    if s and tonumber(ends) > now then
        floors[known[i]] = {tonumber(s), tonumber(at), tonumber(cutoff), tonumber(ends)}
    end
end
for i = 8, #ARGV, 3 do
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
redis.call('HSET', KEYS[1], 'seq', string.format('%.0f', seq))
local told = {}
for name, f in pairs(floors) do
    redis.call('HSET', KEYS[1], name, string.format('%.0f %.0f %.0f %.0f', f[1], f[2], f[3], f[4]))
    told[name] = {f[1], f[2], f[3]}
end
local fact = cjson.encode({seq = seq, at_ms = now, floors = told})
redis.call('SET', KEYS[2], fact)
local id = '0-0'
if ARGV[1] ~= '' then
    id = redis.call('XADD', KEYS[4], 'MINID', '~', string.format('%.0f-0', now - LOG_MS), '*',
        'p', ARGV[3], 'i', ARGV[4], 'k', ARGV[5], 'f', ARGV[6], 'a', ARGV[7],
        'n', string.format('%.0f %.0f', seq, now))
end
local record = string.format('%.0f %.0f ', seq, now) .. id .. ' ' .. ARGV[7]
redis.call('SET', KEYS[3], record, 'EX', RECORD_S)
return {seq, now, fact}
"""
for _name, _value in (
    (b"MAX_KEYS", purging.MAX_KEY_FLOORS),
    (b"MOST_KEYS", purging.MOST_KEY_FLOORS),
    (b"YOUNG_MS", purging.YOUNG_MS),
    (b"MAX_FLOORS", purging.MAX_FLOORS),
    (b"FLOOR_MS", purging.FLOOR_MS),
    (b"RECORD_S", RECORD_S),
    (b"STAMP_MS", terms.STAMP_MS),
    (b"LOG_MS", LOG_MS),
    (b"NUMBERS", NUMBERS),
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


def record_name_of(partner_id: bytes, purge_id: bytes) -> bytes:
    """The same of ids as the log has them."""
    return record_name(uuid.UUID(bytes=partner_id), uuid.UUID(bytes=purge_id))


def record(
    partner_id: uuid.UUID,
    purge_id: uuid.UUID,
    floors: Sequence[tuple[str, int, int]],
    about: bytes,
    keys: Iterable[bytes] = (),
    home: tuple[str, int] = ALONE,
) -> Command:
    """The command that makes a purge. Each floor is (name, age in ms or 0, life in ms).

    Answers [number, Unix ms, the new fact]; one that is made already is not made again. `about` is
    kept as the purge's record. `home`: the name of the region that is asked, and how many others
    must follow it; there the log tells all regions of it, with the single `keys` to be removed.
    """
    names = (
        b"purges:%s" % str(partner_id).encode(), fact_name(partner_id),
        record_name(partner_id, purge_id), LOG, terms.TERM, terms.WITNESSES,
    )  # fmt: skip
    told = (partner_id.bytes, purge_id.bytes, b"".join(keys), orjson.dumps(floors), about)
    given = [
        word for name, age_ms, life_ms in floors
        for word in (name.encode("ascii"), b"%d" % age_ms, b"%d" % life_ms)
    ]  # fmt: skip
    where = (home[0].encode("ascii"), b"%d" % home[1])
    return (b"EVAL", SCRIPT, b"%d" % len(names), *names, *where, *told, *given)


def recorded(raw: bytes) -> tuple[int, int, str, bytes]:
    """A purge's record: its number, when (Unix ms), its id in the log, and what it is about."""
    seq, at_ms, rest = raw.split(b" ", 2)
    if rest.startswith(b"{"):  # of before the log's ids were kept
        return int(seq), int(at_ms), START, rest
    log_id, _, about = rest.partition(b" ")
    return int(seq), int(at_ms), log_id.decode("ascii"), about
