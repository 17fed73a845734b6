"""Partners' own subjects and footers of mails: written by them, read by whoever sends."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table

OWN = "partner_id = substr(current_user::text, 3)::uuid"
RIGHTS = f"""
GRANT UPDATE (text, changed_by, changed_at) ON tenants_mailtext TO ac_partner;
CREATE POLICY partner_change ON tenants_mailtext FOR UPDATE TO ac_partner
    USING ({OWN}) WITH CHECK ({OWN});
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0016_retention")]

    operations = [
        migrations.CreateModel(
            name="MailText",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("language", models.CharField(max_length=10)),
                ("text", models.TextField(blank=True, default="")),
                ("changed_by", models.CharField(max_length=254)),
                ("changed_at", models.DateTimeField()),
                ("partner", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE,
                                              related_name="mail_texts", to="tenants.partner")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["document", "footer", "invitation", "reminder"])
                        ),
                        name="mail_text_kind_known",
                    ),
                    models.UniqueConstraint(fields=("partner", "kind", "language"),
                                            name="one_mail_text_each"),
                ],
            },
        ),
        # Whose host it is is asked before anybody is somebody; what mails say goes with the brand.
        share_table("tenants_mailtext", partner="select, insert", console="select",
                    settle="select", web="select (partner_id, kind, language, text)"),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]  # fmt: skip
