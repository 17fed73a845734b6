"""The one error of ours, and what other people's errors mean."""


class OverflowFailed(Exception):
    """Raised with `strict` only: the overflow could not answer. `reason` is one of ours."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The overflow did not answer: {reason}.")
        self.reason = reason
