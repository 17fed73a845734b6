"""Django's cache with the overflow behind Redis: REDIS_URL, AGENTCACHE_API_KEY, …_BASE_URL."""

import os

from django.conf import settings

settings.configure(
    CACHES={
        "primary": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": os.environ["REDIS_URL"],
        },
        "default": {
            "BACKEND": "agentcache_overflow.wrappers.django.OverflowCache",
            "LOCATION": "primary",
            "OPTIONS": {"prefixes": ["llm:"]},
        },
    }
)

from django.core.cache import cache, caches  # noqa: E402 - after the settings

cache.set("llm:answer", {"text": "hello"}, timeout=600)
print(cache.get("llm:answer"))
caches["default"].overflow.close()
