"""What every billing row has: an id that is never a counter, and the partner it belongs to."""

from typing import ClassVar

from django.db import models

from tenants.rules.ids import uuid7


class PartnerRow(models.Model):
    """A row of one partner. `partner_id` is stored as a bare id: the row outlives the partner."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner_id = models.UUIDField(db_index=True)

    class Meta:
        abstract = True


class FrozenRow(PartnerRow):
    """A row that is written once. Rights and triggers refuse a change; so does `save`."""

    FROZEN: ClassVar[str] = "is final: it can not be changed; book a correction instead"

    class Meta:
        abstract = True

    def save(self, *args: object, **kwargs: object) -> None:
        """Insert only. Raises ValueError on a second save."""
        if not self._state.adding:
            raise ValueError(f"{self._meta.verbose_name} {self.pk} {self.FROZEN}.")
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        """Never. Raises ValueError."""
        raise ValueError(f"{self._meta.verbose_name} {self.pk} {self.FROZEN}.")
