"""What a legal text may be, before anybody has to read it."""

import pytest

from tenants.rules.legal import LONGEST, MARKS, MOST_LINES, MOST_MARKS, BadLegal, checked_text

BAD = {
    "unknown": ("cookies", "a"),
    "long": ("terms", "a" * (LONGEST + 1)),
    "control": ("terms", "a\0b"),
    "marks": ("terms", "*a_ " * (MOST_MARKS // 2 + 1)),
}


@pytest.mark.parametrize("code", BAD)
def test_what_cannot_be_kept_says_why(code):
    with pytest.raises(BadLegal) as refused:
        checked_text(*BAD[code])
    assert refused.value.code == code


@pytest.mark.parametrize("mark", sorted(MARKS))
def test_what_takes_markdown_long_is_bounded(mark):
    assert checked_text("terms", mark * MOST_MARKS)
    for text in (mark * (MOST_MARKS + 1), "x\n" * (MOST_LINES + 1) + "x"):
        with pytest.raises(BadLegal):
            checked_text("terms", text)


def test_line_ends_are_plain_and_the_text_is_trimmed():
    assert checked_text("imprint", " a\r\nb\rc \n") == "a\nb\nc"
