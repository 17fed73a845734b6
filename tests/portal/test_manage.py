"""The command line itself: a database that is away is a sentence, not a traceback."""

import sys

import django.core.management
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

import manage

AWAY = OperationalError("connection refused\nIs the server running?\n")


@pytest.fixture
def run(monkeypatch):
    """Runs a command whose first query fails."""
    monkeypatch.setattr(manage.clock, "begin", lambda: None)
    monkeypatch.setattr(django.core.management.BaseCommand, "requires_system_checks", "__all__")

    def call(*words, failure=AWAY):
        def fails(argv):
            raise failure

        monkeypatch.setattr(django.core.management, "execute_from_command_line", fails)
        monkeypatch.setattr(sys, "argv", ["manage.py", *words])
        monkeypatch.setenv("AC_DB_LOGIN", "web")
        manage.main()

    return call


def test_it_says_who_is_away_and_what_to_do(run):
    with pytest.raises(SystemExit) as ended:
        run("rotate-kek", "--as", "kim@example.com")

    said = str(ended.value)  # not a number: it is printed, and the exit status is 1
    assert said.startswith(
        "rotate_kek: PostgreSQL does not answer as it should: connection refused"
    )
    assert "can be repeated" in said and "docs/operating.md" in said and "--traceback" in said


def test_it_says_that_no_database_is_named(run):
    with pytest.raises(SystemExit, match="DATA_DIR: is it the right folder, do they run"):
        run("reconcile", failure=ImproperlyConfigured("Please supply the NAME."))


def test_whoever_asks_sees_where(run):
    with pytest.raises(OperationalError):
        run("reconcile", "--traceback")
