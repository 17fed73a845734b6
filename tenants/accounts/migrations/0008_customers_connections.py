"""Single sign-on of a customer's people; a person's time zone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_sign_in")]

    operations = [
        migrations.AddField("connection", "customer_id", models.UUIDField(blank=True, null=True)),
        migrations.AddField("breakglass", "customer_id", models.UUIDField(blank=True, null=True)),
        migrations.AddField(
            "user", "time_zone", models.CharField(blank=True, default="", max_length=40)
        ),
    ]
