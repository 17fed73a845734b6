"""The ground storey: partners, hosts, brand, keys, accounts, roles, schema switching, audit."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = "Partners"

    def ready(self) -> None:
        from tenants import checks  # noqa: F401, PLC0415 - registers the system checks
