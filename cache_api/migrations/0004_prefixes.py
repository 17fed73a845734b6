"""Sums of repeated prompt beginnings in the usage rollups."""

from django.db import migrations, models

NAMES = ("prefix_tokens", "prefix_saved_micros")


class Migration(migrations.Migration):
    dependencies = [("cache_api", "0003_customer_quota")]

    operations = [
        # With a default in the database: a recorder of the version before writes on meanwhile.
        migrations.AddField(model, name, models.BigIntegerField(db_default=0))
        for model in ("rolluphour", "rollupday")
        for name in NAMES
    ]
