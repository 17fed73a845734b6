"""The filter of a far tier against a set of names: it never denies one, seldom affirms others."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cache_api.hot import sieve

SIEVES = sieve.names("here")
name = st.binary(min_size=1, max_size=8)


class Bits:
    """Two filters, as Valkey keeps them."""

    def __init__(self):
        self.set = {one: set() for one in SIEVES}

    def run(self, command):
        verb, key, *words = command
        if verb == b"BITFIELD":
            assert words[::4] == [b"SET"] * (len(words) // 4)
            self.set[key].update(map(int, words[2::4]))
        elif verb == b"BITFIELD_RO":
            return [int(int(at) in self.set[key]) for at in words[2::3]]
        elif verb == b"GETBIT":
            return int(int(words[0]) in self.set[key])
        elif verb == b"SETBIT":
            self.set[key].add(int(words[0]))
        else:
            self.set[key] = set()
        return None

    def may_hold(self, *asked):
        return sieve.may_hold(asked, [self.run(one) for one in sieve.reads(SIEVES, asked)])


@settings(max_examples=50)
@given(st.lists(name, unique=True, max_size=20), st.lists(name, unique=True, max_size=20))
def test_what_was_added_may_be_there_through_every_sweep(first, later):
    bits = Bits()
    for made, other in (SIEVES, SIEVES[::-1], SIEVES):
        bits.run((b"UNLINK", made))
        for command in sieve.additions([made], first) + sieve.additions(SIEVES, later):
            bits.run(command)
        assert all(bits.may_hold(*first, *later))
        for command in sieve.finished(made, other):
            bits.run(command)
        assert all(bits.may_hold(*first, *later))
        assert [bits.run(one) for one in sieve.wholeness(SIEVES)] == [
            int(one == made) for one in SIEVES
        ]


def test_without_a_whole_filter_the_tier_is_asked():
    assert Bits().may_hold(b"a", b"b") == [True, True]
    assert sieve.may_hold([b"a"], None) == [True]


def test_of_other_names_few_may_be_there():
    bits = Bits()
    for command in sieve.additions(SIEVES[:1], [b"there %d" % n for n in range(20_000)]):
        bits.run(command)
    bits.run(sieve.finished(*SIEVES)[0])

    wrong = sum(bits.may_hold(*[b"elsewhere %d" % n for n in range(20_000)]))

    assert wrong <= 3
