"""Clients of other people's caches with the overflow behind them."""
