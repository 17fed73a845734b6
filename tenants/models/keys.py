"""API keys, data keys and what a partner is entitled to."""

from django.db import models

from tenants.models.partners import Partner


class ApiKey(models.Model):
    """A key for the overflow API. Only the secret's SHA-256 is kept."""

    id = models.CharField(max_length=12, primary_key=True)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="api_keys")
    customer_external_id = models.CharField(max_length=200, null=True, blank=True)
    livemode = models.BooleanField()
    label = models.CharField(max_length=80, blank=True, default="")
    secret_sha256 = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)


class DataKey(models.Model):
    """A partner's data key, wrapped by the platform key; destroying it erases the partner."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="data_keys")
    key_number = models.IntegerField()
    wrapped = models.BinaryField(null=True)
    created_at = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partner", "key_number"], name="one_key_number")
        ]


class Entitlement(models.Model):
    """A fact an upper storey pushes down: a limit, a share, a switch."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="entitlements")
    name = models.CharField(max_length=60)
    value = models.JSONField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partner", "name"], name="one_entitlement_per_name")
        ]
