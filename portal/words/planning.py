"""The scenarios of `billing/scenarios/` in the catalogue: pages say them by the filter `said`."""

from django.utils.translation import gettext_noop as _

SCENARIOS = (
    _("Year 1, conservative"),
    _("Three early partners and the customers of today."),
    _("Year 2, aggressive"),
    _("A first cloud deal, Redis at volume, ten smaller partners."),
    _("Years 3 to 5, at scale"),
    _("The overflow layer of the large clouds and of a model provider."),
    _("AWS OEM deal"),
    _("Base fees of three partners"),
    _("Enterprise customers"),
    _("Mid-market customers"),
    _("OpenAI cache infrastructure"),
    _("Redis Labs integration"),
    _("Redis partnership"),
    _("Revenue share from overflow traffic"),
    _("Ten smaller partners, together"),
    _("10 smaller partners: $1.5M combined"),
    _("3 partners × $100k base fee"),
    _("our 40 % of its AI cache revenue"),
    _("our 40 %"),
    _("our part of overflow traffic"),
    _("overflow traffic"),
)
