"""What every region's durable store says of the home: whose term it is, and who follows."""

from collections.abc import Iterable, Sequence

import msgspec

from cache_api.rules.terms import Term, Witness

TERM = b"home:term"
WITNESSES = b"home:witnesses"  # in the home: by region, a Witness
# Whoever follows the home renews its stamp; what was heard of the home is good for so long.
STAMP_MS = 3_000

# KEYS: term. ARGV: epoch, home, whether opened (1 or 0), the term. → the term that is there now.
TAKE = b"""
local raw = redis.call('GET', KEYS[1])
if raw then
    local known, epoch = cjson.decode(raw), tonumber(ARGV[1])
    if known.epoch > epoch or (known.epoch == epoch and
            (known.home ~= ARGV[2] or known.opened or ARGV[3] == '0')) then return raw end
end
redis.call('SET', KEYS[1], ARGV[4])
return ARGV[4]
"""

_term = msgspec.json.Decoder(Term).decode
_witness = msgspec.json.Decoder(Witness).decode
encode = msgspec.json.Encoder().encode


def read(raw: bytes | None, founding: str) -> Term:
    """The term that a region knows; `founding`: the home before any promotion."""
    return Term(0, founding) if raw is None else _term(raw)


def taking(term: Term) -> tuple[bytes, ...]:
    """The command that makes a region take a term, unless it knows a later one."""
    opened = b"1" if term.opened else b"0"
    return (b"EVAL", TAKE, b"1", TERM, b"%d" % term.epoch, term.home.encode(), opened, encode(term))


def witnesses(pairs: Sequence[bytes]) -> Iterable[Witness]:
    """The reply to HGETALL WITNESSES."""
    return [_witness(raw) for raw in pairs[1::2]]
