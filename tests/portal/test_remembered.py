"""What is remembered is made once; without the cache it is made each time, and pages go on."""

from django.core.cache import cache
from django.test import override_settings

from portal.remembered import remembered

AWAY = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache",
                    "LOCATION": "redis://127.0.0.1:1/0"}}  # fmt: skip


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


def test_a_cache_that_is_away_costs_time_and_nothing_else():
    times = []

    with override_settings(CACHES=AWAY):
        seen = [remembered("test:away", 60, lambda: made(times)) for _ in range(2)]

    assert seen == [{"n": 1}, {"n": 2}]
