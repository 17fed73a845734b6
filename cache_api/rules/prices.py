"""What a hit saved: stored usage × the list price in force, in integer micro-dollars. Pure.

Cached prompt tokens count at the cached-input price: that is what the provider would have charged.
"""

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

import genai_prices

from cache_api.rules.usage import Tokens

PRICE_VERSION = f"genai-prices-{genai_prices.__version__}"
_MICROS = Decimal(1_000_000)
_HOUR_S = 3600


def cost_saved_micros(provider: str, model: str, tokens: Tokens, now_ms: int) -> int:
    """Micro-dollars one more provider call would have cost now; 0 for an unknown model or usage."""
    if not tokens or not provider or not model:
        return 0
    return _cost(provider, model, tuple(tokens.items()), now_ms // (_HOUR_S * 1000))


def steady_until_ms(now_ms: int) -> int:
    """Until when `cost_saved_micros` gives what it gives now."""
    hour_ms = _HOUR_S * 1000
    return (now_ms // hour_ms + 1) * hour_ms


def caching_saved_micros(
    provider: str, model: str, size: int, read: int, written: int, now_ms: int
) -> int:
    """What a prompt of `size` tokens would cost less now, had some been read from the provider's
    cache and some written to it; below 0 where writing costs more, 0 without a price.

    By the rates for the power of two below `size`: some prices rise with it, and rates of a few
    sizes are looked up a hundred times faster than a price of each.
    """
    hour = now_ms // (_HOUR_S * 1000)
    rates = _rates(provider, model, 1 << max(0, size.bit_length() - 1), hour)
    return int((read * rates[0] - written * rates[1]).to_integral_value(ROUND_HALF_EVEN))


def is_priced(provider: str, model: str) -> bool:
    """Whether the price list knows this model."""
    try:
        genai_prices.data_snapshot.get_snapshot().find_provider_model(model, None, provider, None)
    except LookupError:
        return False
    return True


# Some prices depend on the date or the hour of the day, hence the hour in the key.
@lru_cache(maxsize=65_536)
def _cost(provider: str, model: str, tokens: tuple[tuple[str, int], ...], hour: int) -> int:
    micros = _micros(provider, model, dict(tokens), hour)
    return 0 if micros is None else int(micros.to_integral_value(ROUND_HALF_EVEN))


@lru_cache(maxsize=4_096)
def _rates(provider: str, model: str, size: int, hour: int) -> tuple[Decimal, Decimal]:
    """Micro-dollars a token: less when it is read from the provider's cache, more when written."""
    counts: tuple[Tokens, ...] = ({}, {"cache_read_tokens": size}, {"cache_write_tokens": size})
    costs = [_micros(provider, model, {"input_tokens": size, **one}, hour) for one in counts]
    plain, read, written = costs
    if plain is None or read is None or written is None:
        return Decimal(0), Decimal(0)
    return (plain - read) / size, (written - plain) / size


def _micros(provider: str, model: str, tokens: Tokens, hour: int) -> Decimal | None:
    at = datetime.fromtimestamp(hour * _HOUR_S, UTC)
    try:
        price = genai_prices.calc_price(
            genai_prices.Usage(**tokens), model, provider_id=provider, genai_request_timestamp=at
        )
    except (LookupError, ValueError):
        return None
    return price.total_price * _MICROS
