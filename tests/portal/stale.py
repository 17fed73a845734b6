"""A form sent twice from the same opened page, with somebody else's change between."""

import re

from tests.portal.views.cast import text

TOLD = "Somebody else changed this meanwhile. Nothing was saved; open the page again and look."
SEEN = re.compile(r'name="(?:[\w-]+-)?seen" value="([^"]+)"')


def opened(client, page: str, form: str = "") -> str:
    """The mark in the hidden field of the form that posts to `form`, or of the page's first one."""
    html = client.get(page).content.decode()
    begins = html.index(f'action="{form}"') if form else 0
    return SEEN.search(html, begins).group(1)


def overtaken(client, page: str, form: str, first: dict, second: dict, prefix: str = "") -> bool:
    """Whether `first` is saved, and `second`, sent from the page as it was before, is told."""
    seen = {f"{prefix}seen": opened(client, page, form)}
    for given, is_told in ((first, False), (second, True), (first, False)):
        answer = client.post(form or page, {**given, **seen}, follow=True)
        assert answer.status_code in (200, 400), answer.status_code
        if (TOLD in text(answer)) != is_told:
            return False
    return True
