"""A brand, revision by revision, and its pictures."""

from django.db import models

from tenants.models.partners import Partner
from tenants.rules.ids import uuid7


class BrandFile(models.Model):
    """A logo or an icon, written anew from what was uploaded; `name` is of its bytes.

    `png` is the same picture for mails and papers, `luminance` the mean of what is seen of it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="brand_files")
    name = models.CharField(max_length=40)
    media_type = models.CharField(max_length=20)
    content = models.BinaryField()
    png = models.BinaryField()
    width = models.IntegerField()
    height = models.IntegerField()
    luminance = models.FloatField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partner", "name"], name="one_brand_file_per_name")
        ]


class BrandRevision(models.Model):
    """One immutable look of a partner: tokens from a seed colour, served as a stylesheet.

    Only `state` and `published_at` ever change (the database refuses the rest). A retired revision
    without `published_at` is a draft that another one followed.
    """

    class State(models.TextChoices):
        """At most one revision of a partner is published, and at most one a draft."""

        DRAFT = "draft"
        PUBLISHED = "published"
        RETIRED = "retired"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="brands")
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    seed_hex = models.CharField(max_length=7)
    product_name = models.CharField(max_length=80)
    tagline = models.CharField(max_length=160, blank=True, default="")
    support_email = models.EmailField(blank=True, default="")
    legal_name = models.CharField(max_length=160)
    short_name = models.CharField(max_length=24, blank=True, default="")
    accent_hex = models.CharField(max_length=7, blank=True, default="")
    font = models.CharField(max_length=12, default="inter")
    support_url = models.CharField(max_length=300, blank=True, default="")
    terms_url = models.CharField(max_length=300, blank=True, default="")
    privacy_url = models.CharField(max_length=300, blank=True, default="")
    mail_sender = models.CharField(max_length=80, blank=True, default="")
    powered_by = models.BooleanField(default=True)
    logo_light = models.CharField(max_length=40, blank=True, default="")
    logo_dark = models.CharField(max_length=40, blank=True, default="")
    icon = models.CharField(max_length=40, blank=True, default="")
    plate_light = models.BooleanField(default=False)
    plate_dark = models.BooleanField(default=False)
    created_by = models.CharField(max_length=254, blank=True, default="")
    tokens = models.JSONField()
    css = models.TextField()
    css_hash = models.CharField(max_length=16, db_index=True)
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner"],
                condition=models.Q(state="published"),
                name="one_published_brand",
            ),
            models.UniqueConstraint(
                fields=["partner"], condition=models.Q(state="draft"), name="one_brand_draft"
            ),
        ]
