"""What is remembered is made once, until it is forgotten."""

from django.core.cache import cache

from portal.remembered import remembered


def made(times):
    times.append(len(times))
    return {"n": len(times)}


def test_a_value_is_made_once_until_it_is_forgotten():
    cache.delete("test:remembered")
    times = []

    seen = [remembered("test:remembered", 60, lambda: made(times)) for _ in range(3)]
    cache.delete("test:remembered")

    assert seen == [{"n": 1}] * 3 and times == [0]
    assert remembered("test:remembered", 60, lambda: made(times)) == {"n": 2}
