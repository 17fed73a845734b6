"""`--help` of each command of ours says what it does and what every argument is."""

import pytest
from django.core.management import get_commands, load_command_class

STOREYS = ("portal", "billing", "cache_api", "tenants")
OURS = sorted((app, name) for name, app in get_commands().items() if app in STOREYS)


def arguments(parser):
    """Every argument that is ours, those of subcommands too."""
    for one in parser._actions:
        yield one
        if isinstance(one.choices, dict):
            for below in one.choices.values():
                yield from arguments(below)


@pytest.mark.parametrize(("app", "name"), OURS, ids=lambda one: one)
def test_help_leaves_no_argument_unsaid(app, name):
    command = load_command_class(app, name)
    parser = command.create_parser("manage.py", name)

    assert command.help and command.help.rstrip()[-1] in ".}", command.help
    unsaid = [one.dest for one in arguments(parser)
              if not one.help and not isinstance(one.choices, dict)]  # fmt: skip
    assert unsaid == []


def test_all_of_them_are_read():
    assert len(OURS) >= 30
