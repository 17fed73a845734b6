"""Mail a partner's owners and admins that a key of theirs was stopped in an emergency."""

import uuid
from collections.abc import Callable

from django.utils.translation import gettext as _

from tenants import queries, schema
from tenants.accounts.models import User
from tenants.gateways import mail
from tenants.models import Partner
from tenants.resolve import brand_of_partner

READERS = ("owner", "admin")


def tell_of_revocation(*, partner_id: uuid.UUID, key_id: str, activity: Callable[[], str]) -> int:
    """Mail them; how many mails were taken. Console scope. Each call mails: call it once.

    `activity` gives plain text, in the language of who reads it: what the key did lately.
    """
    brand, home = brand_of_partner(partner_id), queries.site(partner_id)
    if brand is None:
        return 0
    with schema.in_partner(Partner.objects.get(pk=partner_id)):
        people = User.objects.filter(role__in=READERS, is_active=True).order_by("email")
        readers = list(people.values_list("email", "language"))

    def words() -> tuple[str, str]:
        text = "\n\n".join([
            _("We stopped this API key at once, because it may be in wrong hands. Requests that "
              "bear it are refused. Make a new key for the program that used it."),
            activity(),
            f"{home}/manage/keys/",
            brand.product_name,
        ])  # fmt: skip
        return _("An API key was stopped: %(key)s") % {"key": key_id}, text

    return sum(mail.send_each(readers, brand=brand, home=home, words=words))
