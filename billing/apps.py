"""The money storey: agreements, rate cards, runs, documents and the journal."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Public schema; every row names its partner."""

    name = "billing"
    verbose_name = "Billing"
    default_auto_field = "django.db.models.BigAutoField"
