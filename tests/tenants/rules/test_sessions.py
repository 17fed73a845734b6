"""A session ends when nobody uses it, and after half a day whatever happens."""

import pytest

from tenants.rules.sessions import MOST_S, NOTED_S, is_noteworthy, is_over

IDLE_S, BEGAN = 7200, 1_000_000.0


@pytest.mark.parametrize(
    ("began", "used", "now", "over"),
    [
        (BEGAN, BEGAN, BEGAN, False),
        (BEGAN, BEGAN, BEGAN + IDLE_S - 1, False),
        (BEGAN, BEGAN, BEGAN + IDLE_S, True),
        (BEGAN, BEGAN + MOST_S - 1, BEGAN + MOST_S - 1, False),
        (BEGAN, BEGAN + MOST_S - 1, BEGAN + MOST_S, True),
        (None, None, BEGAN, False),  # from before both were noted
        (None, BEGAN, BEGAN + IDLE_S, True),
    ],
)
def test_when_a_session_is_over(began, used, now, over):
    assert is_over(began, used, now, IDLE_S) is over


def test_use_is_written_down_now_and_then():
    assert is_noteworthy(None, BEGAN)
    assert not is_noteworthy(BEGAN, BEGAN + NOTED_S - 1)
    assert is_noteworthy(BEGAN, BEGAN + NOTED_S)
