"""The watch itself: what may go wrong on a page does not go unnoticed."""

import re

import pytest

from tests.browser.axe import HARD_BRANDS, MODES, OWN, inspect
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
    "a missing asset": (
        "new Image().src = '/static/img/none.svg'",
        r"status of 404.*/static/img/none\.svg",
    ),
    "a request that is refused": ("fetch('/nothing-here/')", r"status of 404.*/nothing-here/"),
    "a page too wide": ("document.body.style.minWidth = '500px'", "at 360 px: "),
}
# What only axe sees: in every outfit, or of another kind than colour.
PLANTED = {
    "text too faint": ("document.querySelector('h1').style.color = '#7777'", "color-contrast"),
    "a button too small": (
        "const b = document.querySelector('main button, form button'), c = b.cloneNode(true);"
        "for (const one of [b, c]) { one.style = 'height: 4px; min-height: 0; padding: 0;"
        " margin: 0; display: block'; } b.after(c)",
        "target-size",
    ),
    "a field without a label": ("document.querySelector('label').remove()", "label"),
}
FAINT = """(planted) => {
  const sheet = new CSSStyleSheet();
  for (const outfit of planted) {
    const line = document.createElement("p"), at = outfit.lastIndexOf(" ");
    line.title = line.textContent = outfit;
    document.querySelector("main, form").append(line);
    sheet.insertRule(`:root[data-brand="${outfit.slice(0, at)}"]` +
      `[data-theme="${outfit.slice(at + 1)}"] [title="${outfit}"] { color: #7777; }`);
  }
  document.adoptedStyleSheets = [sheet]; }"""


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


def test_a_page_that_is_not_there_fails_the_test(someone):
    someone.page.goto(f"{someone.base}/nothing-here/")

    with pytest.raises(AssertionError, match=r"status of 404.*/nothing-here/"):
        someone.look()


def test_axe_sees_what_is_faint_in_one_brand_and_mode_alone(someone):
    """A line for each; all are painted alike, but that each is too faint in its own outfit."""
    planted = [f"{brand} {mode}" for brand in HARD_BRANDS for mode in MODES]
    planted.insert(0, f"{OWN} dark")
    someone.page.evaluate(FAINT, planted)

    said = [line for line in inspect(someone) if "color-contrast" in line]

    assert sorted(re.findall(r"/ (.+?): color-contrast: .*?title=\"(.+?)\"", "\n".join(said))) == [
        (outfit, outfit) for outfit in sorted(planted)
    ]
    assert inspect(someone) == said  # and undressed again: the page is as it was


@pytest.mark.parametrize(("script", "told"), PLANTED.values(), ids=PLANTED)
def test_axe_sees_what_is_wrong_in_the_page_as_it_is(someone, script, told):
    someone.page.evaluate(f"() => {{ {script} }}")

    assert [line for line in inspect(someone) if told in line and f" {OWN} light: " in line]
