"""Operations in words: alarms, switches, and what was found of anything."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.words import Word

# key → what is wrong; %(n)s is the alarm's figure.
ALARMS: dict[str, Any] = {
    "postgres_down": _("PostgreSQL does not answer"),
    "region_down": _("Not serving: %(n)s"),
    "disk_full": _("An edge's disk takes no usage: %(n)s"),
    "filled": _("%(n)s %% of the durable store's memory is taken"),
    "late": _("Usage waits %(n)s s to be recorded"),
    "recorder_silent": _("The recorder has not been heard for %(n)s s"),
    "unmetered": _("%(n)s answers could not be metered"),
    "dead_letters": _("%(n)s events wait in the dead letters"),
    "breaches": _("Equations of the books that do not hold: %(n)s"),
    "spooled": _("%(n)s bytes of usage wait on edges' disks"),
    "broker_down": _("The job broker does not answer"),
    "jobs_silent": _("No background job has run for two minutes"),
    "queue_late": _("Background jobs wait %(n)s s"),
    "failed_jobs": _("Background jobs that failed: %(n)s"),
    "openings_failed": _("Partners whose opening failed: %(n)s"),
    "openings_stuck": _("Partners whose opening does not move: %(n)s"),
    "domains": _("Partners' hosts that lead elsewhere: %(n)s"),
    "certificates": _("Certificates that failed or end soon: %(n)s"),
    "hooks_failing": _("Webhooks that fail: %(n)s"),
    "hooks_off": _("Webhooks turned off after failures: %(n)s"),
    "mails": _("Mails that did not leave: %(n)s"),
    "switches": _("Switches in force: %(n)s"),
}
SWITCHES: dict[str, Word] = {
    "semantic_off": Word(_("Semantic matching off"), "warn"),
    "region_drained": Word(_("Region drained"), "danger"),
    "read_only": Word(_("Partner read-only"), "warn"),
    "payouts_held": Word(_("Payouts held"), "danger"),
}
SWITCHES_DO: dict[str, Any] = {
    "semantic_off": _("Lookups match exactly only, for one partner or all."),
    "region_drained": _("Its edges say “drained” to load balancers, answer misses and store "
                        "nothing; usage goes on being recorded."),
    "read_only": _("The partner's people read their portal; nothing can be changed there. The API "
                   "goes on."),
    "payouts_held": _("No transfer and no bank file leaves, for one partner or all."),
}  # fmt: skip
JOB_STATES: dict[str, Word] = {
    "queued": Word(_("Waits"), "info"),
    "running": Word(_("Under way"), "info"),
    "failed": Word(_("Failed"), "danger"),
}
# What a search found something to be.
FINDINGS: dict[str, Any] = {
    "partner": _("Partner"),
    "host": _("Host"),
    "claim": _("Claimed host"),
    "key": _("API key"),
    "person": _("Person"),
    "customer": _("Customer"),
    "document": _("Document"),
    "agreement": _("Agreement"),
    "run": _("Settlement run"),
    "payout": _("Payout"),
    "event": _("Usage event"),
    "webhook": _("Webhook"),
    "look": _("Look at a portal"),
}
