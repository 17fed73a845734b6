"""What legal pages are called, and the sentences of the starts that we can write."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

TITLES: dict[str, Any] = {
    "imprint": _("Imprint"),
    "privacy": _("Privacy"),
    "subprocessors": _("Sub-processors"),
    "terms": _("Terms"),
}
STARTS: dict[str, Any] = {
    "tax_id": _("Tax ID"),
    "email": _("E-mail"),
    "support": _("Support"),
    "privacy": _(
        "%(product)s is offered by %(legal_name)s and runs on %(platform_name)s's platform.\n\n"
        "## What is kept\n\n"
        "- **People**: name, e-mail, language, sign-ins with time and network address, and what "
        "was changed (the audit log).\n"
        "- **Usage**: counts by customer, key, model and hour. No prompt and no answer is part of "
        "them.\n"
        "- **Cached answers**: sealed with a key of this portal alone, until they expire or are "
        "purged.\n\n"
        "## Your rights\n\n"
        "To see, correct or erase what concerns you, write to %(email)s."
    ),
    "subprocessors": _(
        "%(legal_name)s uses this company to offer %(product)s:\n\n"
        "| Company | Country | What for |\n| --- | --- | --- |\n"
        "| %(platform_name)s | %(platform_country)s | runs this portal, the cache and its "
        "metering |\n\n"
        "Providers of models are chosen by each customer."
    ),
}  # fmt: skip
PROBLEMS: dict[str, Any] = {
    "long": _("At most 60,000 characters."),
    "control": _("The text holds characters that cannot be shown."),
    "marks": _("The text has too many lines or marks such as * and [: 3,000 of each at most."),
    "unknown": _("There is no such page."),
}
EXPLAINED: dict[str, Any] = {
    "imprint": _("Who answers for this portal. Our start has what your settings say."),
    "privacy": _("What is kept of people. Our start says what the product keeps, and no more."),
    "subprocessors": _("Who works for you on customers' data. Our start names us."),
    "terms": _("What you and your customers agree on. There is no start: they are yours to make."),
}
