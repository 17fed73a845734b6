"""Which tables and columns the raw records show: a rule, and the lists that it is held against."""

import re

from django.apps import apps

from portal.records import columns, tables
from tenants.rules.roles import PERMISSIONS, Audience

SMELLS = re.compile(r"password|secret|wrapped|^sealed$|private|otp|token(_|$)|recovery|^url$")
# Tables with a key of several columns, which Django's admin cannot address.
LEFT_OUT = tables.UNREADABLE | {
    "metering.StreamPosition", "metering.DuplicateEvent", "metering.ChannelDay",
    "metering.Implementation",
}  # fmt: skip


def test_no_shown_column_is_named_like_a_secret():
    found = {
        f"{model._meta.label}.{field.name}"
        for model in tables.models()
        for field in tables.shown(model)
        if SMELLS.search(field.name)
    }
    assert found == set()


def test_what_is_hidden_exists():
    """A renamed column does not show because the list kept its old name."""
    for label, names in tables.HIDDEN.items():
        assert set(names) <= {field.name for field in apps.get_model(label)._meta.concrete_fields}
    named = {*tables.REASONS, *tables.NEEDS, *tables.LONG}
    assert named <= {model._meta.label for model in tables.models()}


def test_every_public_table_is_shown_or_named():
    every = {m._meta.label for app in tables.APPS for m in apps.get_app_config(app).get_models()}
    assert every - {model._meta.label for model in tables.models()} == LEFT_OUT


def test_each_permission_is_somebodys():
    given = set().union(*PERMISSIONS[Audience.PLATFORM].values())
    assert {tables.PERMISSION, *tables.APPS.values(), *tables.NEEDS.values()} <= given


def test_a_list_begins_with_the_key_and_has_no_partner_twice():
    for model in tables.models():
        listed = columns.listed(model)
        assert listed[0].primary_key, model
        owner = columns.owner(model)
        assert all(field.primary_key or field.attname != owner for field in listed), model
