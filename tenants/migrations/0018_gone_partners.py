"""A partner whose schema is dropped. Changes no table: choices are words."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0017_mail_texts")]

    operations = [
        migrations.AlterField(
            "partner",
            "state",
            models.CharField(
                max_length=20,
                choices=[
                    ("requested", "Requested"),
                    ("provisioning", "Provisioning"),
                    ("active", "Active"),
                    ("suspended", "Suspended"),
                    ("closed", "Closed"),
                    ("failed", "Failed"),
                    ("gone", "Gone"),
                ],
                default="requested",
            ),
        )
    ]
