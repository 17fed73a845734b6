"""Libraries that most processes never need, imported when something of them is first used.

For the files that know an outside library: a web worker that never reads a SAML answer, a logo or
a disk tier spares their memory. Beside it, type checkers see the plain import (TYPE_CHECKING).
"""

from importlib import import_module
from typing import Any


class _Later:
    """Stands for a module; what was used once is kept, so it costs one attribute from then on."""

    def __init__(self, name: str, *parts: str) -> None:
        self._name, self._parts = name, parts

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # whoever looks around, as pytest does, uses nothing of it
            raise AttributeError(name)
        for part in self._parts:
            import_module(part)
        found = getattr(import_module(self._name), name)
        setattr(self, name, found)
        return found


def later(name: str, *parts: str) -> Any:
    """The module `name`; `parts`: modules inside it that it does not import by itself. A missing
    module raises ImportError at its first use."""
    return _Later(name, *parts)
