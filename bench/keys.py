"""`python -m bench.keys`: a live key for every partner, in the snapshot; prints {slug: key}.

A process of its own: Django reads DATA_DIR when it is set up, and the caller has another one.
"""

import json
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("AC_DB_LOGIN", "owner")

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.utils import timezone  # noqa: E402

from cache_api.actions.publish_snapshot import publish_snapshot  # noqa: E402
from cache_api.gateways.snapshots import SnapshotStore  # noqa: E402
from tenants.actions.keys import create_key  # noqa: E402
from tenants.models import Partner  # noqa: E402


def main() -> dict[str, str]:
    """Create, publish, return."""
    now = timezone.now()
    made = {
        partner.slug: create_key(partner_id=partner.pk, livemode=True, actor="bench", now=now)[1]
        for partner in Partner.objects.all()
    }
    publish_snapshot(store=SnapshotStore(settings.EVENTS_URL))
    return made


if __name__ == "__main__":
    json.dump(main(), sys.stdout)
