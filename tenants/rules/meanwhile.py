"""What a form was opened on is no longer so: it is told, and nothing is overwritten. Pure."""

import hashlib

from tenants.rules.sayings import Said


class ChangedMeanwhile(RuntimeError):
    """Somebody else saved since the form was opened; nothing was overwritten."""

    def __init__(self) -> None:
        super().__init__(
            Said(
                "Somebody else changed this meanwhile. Nothing was saved; open the page again and "
                "look."
            )
        )


def mark(*facts: object) -> str:
    """What tells one state of some facts from another; a form carries it in a hidden field."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


def refuse_changed(seen: str | None, *facts: object) -> None:
    """Raises ChangedMeanwhile unless the facts are as `seen`.

    None or "": nobody saw a form, so nobody can be told that it has changed since. Every page's
    form bears the mark; what comes without one is a program's, and is taken as it says.
    """
    if seen and seen != mark(*facts):
        raise ChangedMeanwhile
