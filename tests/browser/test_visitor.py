"""The watch itself: what may go wrong on a page does not go unnoticed."""

import pytest

from tests.browser.test_axe import inspect
from tests.browser.visitor import Visitor
from tests.browser.world import REDIS

FAULTS = {
    "a script that breaks": (
        "setTimeout(() => { throw new Error('broken here'); })",
        "broken here",
    ),
    "a message on the console": ("console.error('told the console')", "told the console"),
    "an inline script": (
        "const s = document.createElement('script'); s.textContent = '1'; document.body.append(s)",
        "blocked by script-src-elem",
    ),
    "a foreign image": ("new Image().src = 'http://127.0.0.2:9/x.png'", "blocked by img-src"),
    "a missing asset": ("new Image().src = '/static/img/none.svg'", "404 http"),
    "a page too wide": ("document.body.style.minWidth = '500px'", "at 360 px: "),
}


@pytest.fixture
def someone(live, chrome):
    """A visitor of the login page whose faults are not counted at the end."""
    visitor = Visitor(chrome, live.url(REDIS))
    visitor.go("/accounts/login/")
    yield visitor
    visitor.context.close()


@pytest.mark.parametrize(("script", "told"), FAULTS.values(), ids=FAULTS)
def test_a_fault_fails_the_test(someone, script, told):
    someone.page.evaluate(f"() => {{ {script} }}")
    someone.page.wait_for_load_state("networkidle")

    with pytest.raises(AssertionError, match=told):
        someone.look()


def test_axe_sees_text_too_faint_to_read(someone):
    someone.page.evaluate("() => { document.querySelector('h1').style.color = '#7777'; }")

    assert [line for line in inspect(someone) if "color-contrast" in line]
