"""What a command has to say."""

from dataclasses import dataclass
from typing import Any

DONE, NO, WRONG, UNREACHABLE = 0, 1, 2, 3


@dataclass(frozen=True)
class Told:
    """An exit code, the same facts as JSON and as text."""

    code: int
    facts: Any
    text: str


class Failed(Exception):
    """A command that could not be done; its text is for the terminal."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
