"""What a form was opened on is no longer so."""

import hashlib
import json


class ChangedMeanwhile(RuntimeError):
    """Somebody else saved since the form was opened; nothing was overwritten."""


def mark(*facts: object) -> str:
    """What tells one state of facts (JSON values) from another: a form carries it, hidden."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def refuse_changed(seen: str | None, *facts: object) -> None:
    """Raises ChangedMeanwhile unless `seen` is the `mark` of the facts as they are now; None where
    nobody looked at a form."""
    if seen is not None and seen != mark(*facts):
        raise ChangedMeanwhile
