"""Brands are edited by the partner's own people: files, drafts, the frozen facts of a revision."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table

OWN = "partner_id = substr(current_user::text, 3)::uuid"
RIGHTS = f"""
GRANT INSERT, UPDATE (state, published_at) ON tenants_brandrevision TO ac_partner;
CREATE POLICY partner_add ON tenants_brandrevision FOR INSERT TO ac_partner WITH CHECK ({OWN});
CREATE POLICY partner_change ON tenants_brandrevision FOR UPDATE TO ac_partner
    USING ({OWN}) WITH CHECK ({OWN});
-- Which host hides "Powered by" is known before a partner's role is taken; nothing else is shown.
GRANT SELECT ON tenants_entitlement TO ac_web;
CREATE POLICY web_reads_brand_grants ON tenants_entitlement FOR SELECT TO ac_web
    USING (name = 'hide_powered_by');
"""
FREEZE = """
CREATE FUNCTION tenants_brand_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - 'state' - 'published_at' IS DISTINCT FROM
       to_jsonb(OLD) - 'state' - 'published_at' THEN
        RAISE EXCEPTION 'a brand revision is immutable'
            USING HINT = 'Make another revision instead.';
    END IF;
    RETURN NEW;
END $$;
UPDATE tenants_brandrevision SET published_at = created_at WHERE state IN ('published', 'retired');
CREATE TRIGGER brand_is_frozen BEFORE UPDATE ON tenants_brandrevision
    FOR EACH ROW EXECUTE FUNCTION tenants_brand_is_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0004_people"),
    ]

    operations = [
        migrations.CreateModel(
            name="BrandFile",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.rules.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=40)),
                ("media_type", models.CharField(max_length=20)),
                ("content", models.BinaryField()),
                ("png", models.BinaryField()),
                ("width", models.IntegerField()),
                ("height", models.IntegerField()),
                ("luminance", models.FloatField()),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="brandrevision",
            name="accent_hex",
            field=models.CharField(blank=True, default="", max_length=7),
        ),
        migrations.AddField(
            model_name="brandrevision",
            name="created_by",
            field=models.CharField(blank=True, default="", max_length=254),
        ),
        migrations.AddField(
            model_name="brandrevision",
            name="font",
            field=models.CharField(default="inter", max_length=12),
        ),
        migrations.AddField(
            model_name="brandrevision",
            name="icon",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
        migrations.AddField(
            model_name="brandrevision",
            name="logo_dark",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
        migrations.AddField(
            model_name="brandrevision",
            name="logo_light",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
        migrations.AddField(
            model_name="brandrevision",
            name="mail_sender",
            field=models.CharField(blank=True, default="", max_length=80),
        ),
        migrations.AddField(
            model_name="brandrevision",
            name="plate_dark",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="brandrevision",
            name="plate_light",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="brandrevision",
            name="powered_by",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="brandrevision",
            name="privacy_url",
            field=models.CharField(blank=True, default="", max_length=300),
        ),
        migrations.AddField(
            model_name="brandrevision",
            name="published_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="brandrevision",
            name="short_name",
            field=models.CharField(blank=True, default="", max_length=24),
        ),
        migrations.AddField(
            model_name="brandrevision",
            name="support_url",
            field=models.CharField(blank=True, default="", max_length=300),
        ),
        migrations.AddField(
            model_name="brandrevision",
            name="terms_url",
            field=models.CharField(blank=True, default="", max_length=300),
        ),
        migrations.AddConstraint(
            model_name="brandrevision",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "draft")), fields=("partner",), name="one_brand_draft"
            ),
        ),
        migrations.AddField(
            model_name="brandfile",
            name="partner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="brand_files",
                to="tenants.partner",
            ),
        ),
        migrations.AddConstraint(
            model_name="brandfile",
            constraint=models.UniqueConstraint(
                fields=("partner", "name"), name="one_brand_file_per_name"
            ),
        ),
        share_table(
            "tenants_brandfile",
            partner="select, insert",
            console="select, insert",
            settle="select",
        ),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
        migrations.RunSQL(FREEZE, migrations.RunSQL.noop),
    ]
