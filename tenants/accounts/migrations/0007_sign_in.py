from django.db import migrations, models

import tenants.rules.ids


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_single_sign_on")]

    operations = [
        migrations.CreateModel(
            name="SignIn",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("person_id", models.UUIDField(null=True)),
                ("at", models.DateTimeField()),
                ("ok", models.BooleanField()),
                ("how", models.CharField(max_length=15)),
                ("ip", models.GenericIPAddressField(null=True)),
                ("browser", models.CharField(blank=True, default="", max_length=200)),
            ],
            options={
                "db_table": "accounts_signin",
                "indexes": [models.Index(fields=["person_id", "-at"], name="signin_of_person")],
            },
        ),
    ]  # fmt: skip
