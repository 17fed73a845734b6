"""A customer's answers may be kept shorter than its partner's. Rights and guards stay the table's."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0018_gone_partners")]

    operations = [
        migrations.AddField("retention", "customer", models.TextField(blank=True, default="")),
        migrations.AlterField("retention", "hours", models.PositiveIntegerField(null=True)),
        migrations.RemoveConstraint("retention", "retentions_in_order"),
        migrations.AddConstraint(
            "retention",
            models.UniqueConstraint(
                fields=("partner", "customer", "number"), name="retentions_in_order"
            ),
        ),
        migrations.AddConstraint(
            "retention",
            models.CheckConstraint(
                condition=models.Q(models.Q(("customer", ""), _negated=True),
                                   ("hours__isnull", False), _connector="OR"),
                name="retention_of_all_is_said",
            ),
        ),
    ]  # fmt: skip
