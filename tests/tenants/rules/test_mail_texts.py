"""A partner's own words in mails: what is kept, how holes are filled, and what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.rules import mail_texts
from tenants.rules.mail_texts import HOLES, BadMailText, checked, filled, subject

LETTERS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=120)


@pytest.mark.parametrize(("kind", "text", "kept"), [
    ("document", "  {paper} {number} of {brand} ", "{paper} {number} of {brand}"),
    ("reminder", "{nth}: {open} is open", "{nth}: {open} is open"), ("document", "", ""),
    ("footer", "a\r\nb\r\n", "a\nb"), ("footer", "{} and { x } stay", "{} and { x } stay"),
])  # fmt: skip
def test_what_is_kept(kind, text, kept):
    assert checked(kind, text) == kept


@pytest.mark.parametrize(("kind", "text", "code"), [
    ("document", "{open}", "hole"), ("document", "{number", "hole"), ("document", "}", "hole"),
    ("document", "{{number}}", "hole"), ("document", "{}", "hole"), ("invitation", "{0}", "hole"),
    ("invitation", "{brand.__class__}", "hole"), ("document", "x" * 121, "long"),
    ("footer", "x" * 501, "long"), ("document", "a\nBcc: b@example.com", "lines"),
    ("footer", "\n".join("abcdefg"), "lines"), ("document", "a\0b", "control"),
    ("footer", "a\x1bb", "control"), ("welcome", "x", "unknown"),
])  # fmt: skip
def test_what_is_refused(kind, text, code):
    with pytest.raises(BadMailText) as refused:
        checked(kind, text)
    assert refused.value.code == code


@given(kind=st.sampled_from([kind for kind in HOLES if kind != "footer"]), before=LETTERS,
       value=LETTERS)  # fmt: skip
@settings(max_examples=60)
def test_a_kept_subject_is_filled_into_one_line_and_values_are_not_read_again(kind, before, value):
    hole = HOLES[kind][0]
    text = before.replace("{", "").replace("}", "")[:60] + f"{{{hole}}}"
    facts = dict.fromkeys(HOLES[kind], value + "{brand}")
    found = subject({f"{kind} en": checked(kind, text)}, kind, "en", facts, "ours")
    assert "\n" not in found and found.endswith("{brand}")


def test_ours_stands_where_nothing_was_written_in_that_language():
    texts = {"document en": "{paper}!", "footer de": "Gruss"}
    assert subject(texts, "document", "en", {"paper": "Invoice"}, "ours") == "Invoice!"
    assert subject(texts, "document", "de", {"paper": "Invoice"}, "ours") == "ours"
    assert (mail_texts.footer(texts, "de"), mail_texts.footer(texts, "en")) == ("Gruss", "")
    assert filled("{paper}{gone}", {"paper": 1}) == "1"
