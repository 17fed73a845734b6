"""Stale lookups and feedback among kinds and outcomes. Changes no table: choices are words."""

from django.db import migrations, models

KINDS = [("lookup", "Lookup"), ("store", "Store"), ("feedback", "Feedback")]
OUTCOMES = [
    ("hit", "Hit"),
    ("semantic_hit", "Semantic hit"),
    ("stale", "Stale"),
    ("miss", "Miss"),
    ("stored", "Stored"),
    ("unchanged", "Unchanged"),
    ("unmatched", "Unmatched feedback"),
    ("wrong_hit", "Wrong hit"),
    ("wrong_semantic_hit", "Wrong semantic hit"),
]


class Migration(migrations.Migration):
    dependencies = [("cache_api", "0001_initial")]

    operations = [
        *[
            migrations.AlterField(model, "kind", models.TextField(choices=KINDS))
            for model in ("rollupday", "rolluphour")
        ],
        *[
            migrations.AlterField(model, "outcome", models.TextField(choices=OUTCOMES))
            for model in ("latencyday", "latencyhour", "rollupday", "rolluphour")
        ],
    ]
