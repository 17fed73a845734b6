"""Usage events and what the recorder keeps beside them: shared tables, one set for all partners."""

from django.apps import AppConfig


class MeteringConfig(AppConfig):
    """Public schema, every table with row security."""

    name = "cache_api.metering"
    label = "metering"
    verbose_name = "Metering"
