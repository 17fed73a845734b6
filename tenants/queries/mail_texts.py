"""What partners word themselves in their mails."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from tenants.models import MailText
from tenants.rules.mail_texts import key


def mail_texts(partner_id: uuid.UUID) -> dict[str, str]:
    """A partner's own texts by `tenants.rules.mail_texts.key` (partner or worker)."""
    rows = MailText.objects.filter(partner_id=partner_id)
    return by_key(rows.values("kind", "language", "text"))


def by_key(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Rows of kind, language and text as `mail_texts` gives them."""
    return {key(row["kind"], row["language"]): row["text"] for row in rows if row["text"]}


def texts_of_outer() -> ArraySubquery:
    """The rows of the partner in a query's `tenant_id`."""
    mine = MailText.objects.filter(partner_id=OuterRef("tenant_id"))
    return ArraySubquery(mine.values(row=JSONObject(kind="kind", language="language", text="text")))
