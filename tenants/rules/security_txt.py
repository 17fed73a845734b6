"""security.txt: whom to tell of a weakness (RFC 9116). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tenants.rules.brand import Brand

# Less than a year, says RFC 9116 2.5.5; each answer names a new day, so that none goes stale.
LASTS = timedelta(days=180)


def contacts(brand: Brand, fallback: str) -> list[str]:
    """The brand's support as URIs, the mail first; without one the e-mail `fallback`, if any."""
    found = [f"mailto:{brand.support_email}"] if brand.support_email else []
    found += [brand.support_url] if brand.support_url else []
    return found or ([f"mailto:{fallback}"] if fallback else [])


def security_txt(
    *, contacts: Sequence[str], languages: Sequence[str], canonical: str, now: datetime
) -> str:
    """The file; `now` in UTC, `canonical` is its own address, contacts in order of preference."""
    day = (now + LASTS).date()
    lines = [
        *(f"Contact: {one}" for one in contacts),
        f"Expires: {day.isoformat()}T00:00:00Z",
        f"Preferred-Languages: {', '.join(languages)}",
        f"Canonical: {canonical}",
    ]
    return "\n".join(lines) + "\n"
