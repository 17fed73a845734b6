"""Floors against a plain reading of every purge, one by one."""

from hypothesis import given
from hypothesis import strategies as st

from cache_api.rules import purging
from cache_api.rules.purging import GONE, KEPT, Facts

WORDS = ("a", "b", "x=y", "a|b", "", "é%")
word = st.sampled_from(WORDS)
real_word = st.sampled_from([one for one in WORDS if one])
selector = st.dictionaries(st.sampled_from(["customer", "namespace", "model", "tag"]), real_word)
purge = st.tuples(selector, st.booleans(), st.booleans(), st.integers(0, 3))
facts = st.builds(
    Facts, word, word, word, word,
    st.dictionaries(real_word, st.sampled_from(["", "t"]), max_size=3), st.just(b"k"),
)  # fmt: skip


def matches(chosen, entry):
    named = {"customer": entry.customer, "namespace": entry.namespace, "model": entry.model}
    tags = {*entry.tags, *(f"{tag}={text}" for tag, text in entry.tags.items() if text)}
    return all(
        (value in tags) if name == "tag" else named[name] == value for name, value in chosen.items()
    )


@given(st.lists(purge, max_size=6), facts, st.integers(0, 7), st.integers(0, 4))
def test_an_entry_is_gone_exactly_when_a_later_purge_matches_it(purges, entry, seq, created_ms):
    """`purges[n]` has number n + 1 and happened at that millisecond; age makes it a cutoff."""
    floors, wanted_hard, since = {}, False, []
    for number, (chosen, soft, livemode, cutoff) in enumerate(purges, 1):
        name = purging.name(chosen, livemode=livemode, soft=soft, aged=cutoff > 0)
        before = floors.get(name, (0, 0, 0))
        floors[name] = (number, number, max(before[2], cutoff))
        old_enough = not cutoff or created_ms < cutoff
        if livemode and seq < number and old_enough and matches(chosen, entry):
            wanted_hard |= not soft
            since.append(number)

    told = purging.purged_at_ms(purging.tables(floors)[True], seq, created_ms, entry)

    if wanted_hard:
        assert told == GONE
    elif not since:
        # A larger cutoff of an equal selector stays in force under the later purge's number.
        assert told == KEPT or any(cutoff for *_, cutoff in purges)
    else:
        assert told != KEPT


@given(selector, selector)
def test_only_equal_selectors_share_a_name(one, other):
    names = [purging.name(each, livemode=True, soft=False, aged=False) for each in (one, other)]

    assert (names[0] == names[1]) == (one == other)
    ((shape, values),) = [
        (shape, next(iter(table)))
        for shape, table in purging.tables({names[0]: (1, 1, 0)})[True].items()
    ]
    assert dict(zip(shape, values, strict=True)) == one


def test_test_mode_has_floors_of_its_own():
    name = purging.name({}, livemode=False, soft=False, aged=False)
    entry = Facts("c", "", "m", "p", {}, b"k")
    tables = purging.tables({name: (1, 1, 0)})

    assert purging.purged_at_ms(tables[True], 0, 0, entry) == KEPT
    assert purging.purged_at_ms(tables[False], 0, 0, entry) == GONE
    assert purging.purged_at_ms(tables[False], 1, 0, entry) == KEPT
