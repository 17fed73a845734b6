"""Two people make a credit note: the tests' short way."""

from billing.actions.credit_requests import approve_credit_note, ask_credit_note

ASKER = "credit@agentcache.example"


def issue_credit_note(*, document_id, credit, actor, now):
    """Asked for by somebody of finance, approved by `actor`."""
    asked = ask_credit_note(document_id=document_id, credit=credit, actor=ASKER, now=now)
    return approve_credit_note(request_id=asked.id, actor=actor, now=now)
