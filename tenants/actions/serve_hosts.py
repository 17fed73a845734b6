"""Publish which hosts are served, for whoever decides about certificates without a database."""

from django.conf import settings

from tenants.gateways.served_hosts import ServedHosts
from tenants.models import Domain
from tenants.resolve import SERVED


def publish_hosts(*, store: ServedHosts) -> int:
    """Write the console's host and those of partners that are served; how many there are.

    Public schema, web or worker. Safe to repeat: it writes what the rows say.
    Raises HostsUnavailable.
    """
    rows = Domain.objects.filter(tenant__state__in=SERVED)
    hosts = {settings.CONSOLE_HOST, *rows.values_list("domain", flat=True)}
    store.write(hosts)
    return len(hosts)
