"""People: one table per schema, so one e-mail at two partners is two unlinked people."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "tenants.accounts"
    label = "accounts"
    verbose_name = "People"
