"""A stateful Stripe over HTTP: `python -m portal.simulators.stripe`. No real money, no Django.

It keeps objects and idempotency keys, signs webhooks, and fails as it is told (`/_sim/faults`),
writing each fault down (`/_sim/log`).
"""
