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
    return _cost(provider, model, tuple(tokens.items()), now_ms // (_HOUR_S * 1000)) or 0


def difference_micros(
    provider: str, model: str, charged: Tokens, instead: Tokens, now_ms: int
) -> int:
    """Micro-dollars by which `charged` costs more now than `instead`; 0 without a price."""
    hour = now_ms // (_HOUR_S * 1000)
    costs = [_cost(provider, model, tuple(one.items()), hour) for one in (charged, instead)]
    more, less = costs
    return 0 if more is None or less is None else more - less


def is_priced(provider: str, model: str) -> bool:
    """Whether the price list knows this model."""
    try:
        genai_prices.data_snapshot.get_snapshot().find_provider_model(model, None, provider, None)
    except LookupError:
        return False
    return True


# Some prices depend on the date or the hour of the day, hence the hour in the key.
@lru_cache(maxsize=65_536)
def _cost(provider: str, model: str, tokens: tuple[tuple[str, int], ...], hour: int) -> int | None:
    usage = genai_prices.Usage(**dict(tokens))
    at = datetime.fromtimestamp(hour * _HOUR_S, UTC)
    try:
        price = genai_prices.calc_price(
            usage, model, provider_id=provider, genai_request_timestamp=at
        )
    except (LookupError, ValueError):
        return None
    return int((price.total_price * _MICROS).to_integral_value(ROUND_HALF_EVEN))
