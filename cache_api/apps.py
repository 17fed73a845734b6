"""The cache_api storey: the overflow API, metering, customers and rollups."""

from django.apps import AppConfig


class CacheApiConfig(AppConfig):
    """Django's entry for the app of a partner's own tables."""

    name = "cache_api"
    label = "cache_api"
    verbose_name = "Customers and usage"

    def ready(self) -> None:
        """Register the system checks."""
        from cache_api import deploy_checks  # noqa: F401, PLC0415 - registers the checks
