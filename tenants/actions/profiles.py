"""What people say about themselves: their name, their language, how pages look, which mails."""

import uuid
from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from tenants import audit
from tenants.accounts.models import User
from tenants.rules.mails import kinds_for

THEMES = ("", "light", "dark")


def change_profile(
    *, person: User, name: str, language: str, time_zone: str, theme: str, mails: Collection[str],
    partner_id: uuid.UUID | None, now: datetime,
) -> bool:  # fmt: skip
    """Set them; whether anything changed. `mails` are the kinds that the person wants.

    A kind that does not reach the role is neither wanted nor refused; `time_zone` is an IANA name
    or "". Raises ValueError for a theme that there is not. Safe to repeat.
    """
    if theme not in THEMES:
        raise ValueError(f"There is no theme {theme!r}.")
    muted = sorted(set(kinds_for(person.role)) - set(mails))
    wanted = {"name": name.strip(), "language": language, "time_zone": time_zone,
              "theme": theme, "muted": muted}  # fmt: skip
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=person.pk)
        changed = [key for key, value in wanted.items() if getattr(row, key) != value]
        if not changed:
            return False
        User.objects.filter(pk=row.pk).update(**wanted)
        audit.record(actor=row.email, verb="person.profile_changed", target=row.email, at=now,
                     partner_id=partner_id,
                     data={"changed": changed, **audit.of_customer(row.customer_id)})  # fmt: skip
    return True


def keep_language(*, person: User, language: str) -> bool:
    """Remember the language chosen from a page's menu; whether it is another than before."""
    return bool(User.objects.filter(pk=person.pk).exclude(language=language)
                .update(language=language))  # fmt: skip
