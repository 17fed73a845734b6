"""The one error of this package."""


class ServerError(Exception):
    """A server or process cannot be had; the text says what happened and what to do."""
