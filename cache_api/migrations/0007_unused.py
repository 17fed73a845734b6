"""Unused hits among outcomes. Changes no table: choices are words."""

from django.db import migrations, models

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
    ("unused_hit", "Unused hit"),
    ("unused_semantic_hit", "Unused semantic hit"),
]


class Migration(migrations.Migration):
    dependencies = [("cache_api", "0006_notices")]

    operations = [
        migrations.AlterField(model, "outcome", models.TextField(choices=OUTCOMES))
        for model in (
            "latencyday",
            "latencyhour",
            "rollupday",
            "rolluphour",
            "totalday",
            "totalhour",
        )
    ]
