"""A partner's schema notes every migration, and has the tables of its own apps alone."""

import pytest
from django.apps import apps
from django.db import connection, router

from tenants import schema


def labels():
    """Of the apps that have a place where Django is connected."""
    return {
        app.label for app in apps.get_app_configs() if router.allow_migrate("default", app.label)
    }


def noted(place):
    with connection.cursor() as cursor:
        cursor.execute(f'select app, name from "{place}".django_migrations')
        return set(cursor.fetchall())


def test_every_migration_is_noted_in_every_schema(database, partners):
    everywhere = noted("public")

    assert {app for app, _name in everywhere} >= {"billing", "tenants", "cache_api", "accounts"}
    assert [noted(one.schema_name) for one in partners] == [everywhere] * 2


def test_a_schema_has_the_tables_of_its_apps_alone(database, partners):
    for partner in partners:
        with schema.in_partner(partner):
            own = labels()
        assert {"cache_api", "accounts"} <= own and not {"billing", "tenants"} & own
        wanted = {model._meta.db_table for label in own
                  for model in apps.get_app_config(label).get_models(include_auto_created=True)
                  if model._meta.managed and not model._meta.proxy}  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("select tablename from pg_tables where schemaname = %s",
                           [partner.schema_name])  # fmt: skip
            assert {name for (name,) in cursor} == wanted | {"django_migrations"}


@pytest.mark.usefixtures("database")
def test_no_model_of_a_partners_schema_refers_to_one_that_has_no_place_in_it(partners):
    """Else its migrations would be run without the other's: the executor does not build those."""
    with schema.in_partner(partners.redis):
        own = labels()
    models = [model for label in own for model in apps.get_app_config(label).get_models()]

    outside = [
        (model.__name__, field.name)
        for model in models
        for field in model._meta.get_fields()
        if field.concrete and field.remote_field
        and field.remote_field.model._meta.app_label not in own
    ]  # fmt: skip

    assert len(models) > 20 and outside == []
