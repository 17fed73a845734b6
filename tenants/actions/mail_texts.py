"""A partner words its mails: told if somebody was faster, never overwritten."""

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from tenants import audit, queries
from tenants.models import MailText
from tenants.rules.mail_texts import HOLES, checked, key
from tenants.rules.meanwhile import ChangedMeanwhile

VERB = "brand.mail_texts"


def word_mails(
    *, partner_id: uuid.UUID, language: str, texts: Mapping[str, str], seen: Mapping[str, str],
    actor: str, now: datetime,
) -> list[str]:  # fmt: skip
    """Set the texts of some kinds in one language ('' for our words); the kinds that changed.

    `seen` are the texts that the editor saw. Raises BadMailText and ChangedMeanwhile. Safe to
    repeat.
    """
    wanted = {kind: checked(kind, texts.get(kind, "")) for kind in HOLES}
    with transaction.atomic():
        before = queries.mail_texts(partner_id)
        known = {kind: before.get(key(kind, language), "") for kind in HOLES}
        changed = [kind for kind in HOLES if wanted[kind] != known[kind]]
        if not changed:
            return []
        if any(seen.get(kind, "") != known[kind] for kind in HOLES):
            raise ChangedMeanwhile
        for kind in changed:
            MailText.objects.update_or_create(
                partner_id=partner_id, kind=kind, language=language,
                defaults={"text": wanted[kind], "changed_by": actor, "changed_at": now},
            )  # fmt: skip
        audit.record(actor=actor, verb=VERB, target=language, at=now, partner_id=partner_id,
                     data={"before": {kind: known[kind] for kind in changed},
                           "after": {kind: wanted[kind] for kind in changed}})  # fmt: skip
    return changed
