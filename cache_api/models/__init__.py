"""What a partner's schema holds: customers, rollups of their usage, alerts and webhooks."""

from cache_api.models.alerts import Alert, AlertFiring, AlertKind
from cache_api.models.customers import Customer, CustomerState
from cache_api.models.hooks import DeliveryState, HookDelivery, HookEndpoint, HookEvent
from cache_api.models.totals import (
    CustomerDay,
    CustomerHour,
    CustomerMonth,
    CustomerTotal,
    Total,
    TotalDay,
    TotalHour,
)
from cache_api.models.usage import (
    Kind,
    Latency,
    LatencyDay,
    LatencyHour,
    Outcome,
    Rollup,
    RollupDay,
    RollupHour,
)

__all__ = [
    "Alert",
    "AlertFiring",
    "AlertKind",
    "Customer",
    "CustomerDay",
    "CustomerHour",
    "CustomerMonth",
    "CustomerState",
    "CustomerTotal",
    "DeliveryState",
    "HookDelivery",
    "HookEndpoint",
    "HookEvent",
    "Kind",
    "Latency",
    "LatencyDay",
    "LatencyHour",
    "Outcome",
    "Rollup",
    "RollupDay",
    "RollupHour",
    "Total",
    "TotalDay",
    "TotalHour",
]
