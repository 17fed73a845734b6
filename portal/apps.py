"""The top storey: pages, settings and schedule."""

from django.apps import AppConfig
from django.conf import settings

from portal import catalogs


class PortalConfig(AppConfig):
    """Django's entry for the portal app."""

    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Make the Celery application current, so that actions can publish tasks by name, and
        the languages readable."""
        import portal.celery  # noqa: PLC0415 - needs loaded settings
        import portal.job_signals  # noqa: F401, PLC0415 - connects itself

        catalogs.compile_all(settings.BASE_DIR / "locale", settings.LOCALE_PATHS[0])
