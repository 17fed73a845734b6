"""The event table takes feedback on hits that nobody used."""

from django.db import migrations

BEFORE = """
    (kind = 'lookup' AND outcome IN ('hit', 'semantic_hit', 'stale', 'miss'))
    OR (kind = 'store' AND outcome IN ('stored', 'unchanged'))
    OR (kind = 'feedback' AND outcome IN ('unmatched', 'wrong_hit', 'wrong_semantic_hit'))
"""
AFTER = """
    (kind = 'lookup' AND outcome IN ('hit', 'semantic_hit', 'stale', 'miss'))
    OR (kind = 'store' AND outcome IN ('stored', 'unchanged'))
    OR (kind = 'feedback' AND outcome IN ('unmatched', 'wrong_hit', 'wrong_semantic_hit',
        'unused_hit', 'unused_semantic_hit'))
"""


def allow(words: str) -> str:
    """The constraint, in one statement; every day's partition inherits it."""
    return (
        "ALTER TABLE usage_event DROP CONSTRAINT usage_event_outcome,"
        f" ADD CONSTRAINT usage_event_outcome CHECK ({words})"
    )


class Migration(migrations.Migration):
    dependencies = [("metering", "0005_implementations")]

    operations = [migrations.RunSQL(allow(AFTER), allow(BEFORE))]
