"""What partners word themselves in their mails."""

from django.db import models

from tenants.models.partners import Partner
from tenants.rules.ids import uuid7
from tenants.rules.mail_texts import HOLES


class MailText(models.Model):
    """A partner's subject of one kind of mail, or its footer, in one language; '' is our words."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="mail_texts")
    kind = models.CharField(max_length=20)
    language = models.CharField(max_length=10)
    text = models.TextField(blank=True, default="")
    changed_by = models.CharField(max_length=254)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=sorted(HOLES)), name="mail_text_kind_known"
            ),
            models.UniqueConstraint(
                fields=["partner", "kind", "language"], name="one_mail_text_each"
            ),
        ]
