"""The demo is loaded into an empty place, or once more; never beside somebody's own partners."""

import pytest
from django.core.management import CommandError, call_command

from portal.demo.steps import strangers
from tenants import schema
from tenants.accounts.models import User
from tenants.models import Partner


def test_it_is_not_loaded_beside_partners_or_staff_of_somebody_else(
    database, partners, settings, tmp_path
):
    settings.DEMO, settings.DATA_DIR = True, tmp_path
    with schema.in_public():
        assert not strangers()  # both partners are the demo's own, left by a load that was stopped
        User.objects.create_user("kim@example.com", None, role="superadmin")
        with pytest.raises(CommandError, match="DEMO=0"):
            call_command("load_demo")
        User.objects.all().delete()
        Partner.objects.filter(pk=partners.redis.pk).update(slug="acme-cache")
        assert strangers()
