"""The ground storey: partners, hosts, brand, keys, accounts, roles, schema switching, audit."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Django's entry for the tenants app."""

    name = "tenants"
    verbose_name = "Partners"

    def ready(self) -> None:
        """Register the system checks."""
        from tenants import checks, deploy_checks, deploy_servers  # noqa: F401, PLC0415 - registers the checks
