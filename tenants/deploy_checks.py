"""What `manage.py check --deploy --database default` refuses, with the reason and what to do."""

import os
import resource
import shutil
import stat
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, Tags, Warning, register

from tenants.rules import safe_install

KEY_BYTES = 32
KEY_LENGTH, KEY_LETTERS = 50, 5  # of the secret key, as Django warns about
OTHERS = stat.S_IROTH | stat.S_IWOTH


def refusal(number: int, message: str, hint: str) -> Error:
    """What the command says and ends with 1 for."""
    return Error(message, hint=hint, id=f"tenants.D{number:03}")


@register(Tags.security, deploy=True)
def a_real_installation(app_configs: Any, **kwargs: Any) -> list[Error]:
    """DEMO=0, https, second factors, names and secrets of its own."""
    mail = urlsplit(settings.EMAIL_URL)
    wrong = (
        (1, settings.DEMO, "This is a demo: invented data, shown passwords.", "Set DEMO=0."),
        (2, not settings.HTTPS, "Cookies travel over plain http.", "Set HTTPS=1 behind TLS."),
        (3, not settings.REQUIRE_MFA, "Owners and our staff may go without a second factor.",
         "Remove REQUIRE_MFA=0."),
        (5, len(settings.KEK) < KEY_BYTES, "The platform key is missing or short.",
         "KEK_FILE must name a file with at least 32 bytes: openssl rand -hex 32 > kek."),
        (6, not settings.EMAIL_URL and settings.EMAIL_HOST in ("", "localhost"),
         "Mail goes to localhost: invitations and invoices may never arrive.", "Set EMAIL_URL."),
        (6, safe_install.is_nobodys(mail.hostname or ""), f"EMAIL_URL names {mail.hostname}, which"
         " is nobody's: invitations and invoices never arrive.", "Set your mail server there."),
        (7, len(set(settings.SECRET_KEY)) < KEY_LETTERS or len(settings.SECRET_KEY) < KEY_LENGTH,
         "SECRET_KEY is short or all alike: sessions and receipts could be forged.",
         "SECRET_KEY_FILE must name a file made by openssl rand -base64 48."),
        (8, settings.WEBHOOK_LOOPBACK or settings.SSO_LOOPBACK,
         "Partners may have us call programs on this machine.",
         "Remove WEBHOOK_LOOPBACK=1 and SSO_LOOPBACK=1."),
        (9, settings.EMAIL_URL.startswith("smtp://") and "@" in settings.EMAIL_URL
         and "tls=1" not in settings.EMAIL_URL,
         "The mail server's password travels in the clear.",
         "Add ?tls=1 to EMAIL_URL, or write smtps://."),
        (12, bool(settings.STRIPE_API_KEY) and not settings.STRIPE_WEBHOOK_SECRET,
         "Stripe's notices cannot be told from forged ones: none is taken, no payment is booked.",
         "Set STRIPE_WEBHOOK_SECRET_FILE."),
        (13, settings.STRIPE_API_BASE.startswith("http://") or settings.STRIPE_SIMULATED,
         "Payments go to a simulator, or to Stripe in the clear.", "Remove STRIPE_API_BASE."),
        (32, settings.LOG_LEVEL == "DEBUG", "Libraries log what passes through them.",
         "Set LOG_LEVEL=INFO."),
        (16, settings.EMAIL_URL.startswith("file:"),
         "Mail is written into a folder: invitations and invoices arrive nowhere.",
         "Set EMAIL_URL to a mail server."),
    )  # fmt: skip
    found = [refusal(number, what, todo) for number, is_wrong, what, todo in wrong if is_wrong]
    return found + [refusal(*one) for one in _judged()]


def _judged() -> Iterator[safe_install.Refused]:
    by_variable = {settings.DB_URL_BY_LOGIN[login]: url
                   for login, url in settings.DATABASE_URLS.items()}  # fmt: skip
    valkeys = {"CACHE_URL": settings.CACHE_URL, "EVENTS_URL": settings.EVENTS_URL,
               "BROKER_URL": settings.BROKER_URL}  # fmt: skip
    yield from safe_install.our_domains(
        {name: getattr(settings, name) for name in ("PLATFORM_DOMAIN", "CONSOLE_HOST",
                                                    "EDGE_DOMAIN")}
    )  # fmt: skip
    yield from safe_install.secrets(settings.KEK, settings.SECRET_KEY)
    yield from safe_install.logins(by_variable)
    yield from safe_install.passwords(by_variable | valkeys)
    yield from safe_install.in_the_clear(by_variable | valkeys)
    yield from safe_install.stripe(settings.STRIPE_API_KEY, settings.STRIPE_WEBHOOK_SECRET)


@register(Tags.security, deploy=True)
def this_machine_has_room(app_configs: Any, **kwargs: Any) -> list[Error]:
    """Disk for the spool in DATA_DIR, and descriptors for an edge's connections."""
    folder = settings.DATA_DIR
    if not os.access(folder, os.W_OK | os.X_OK):
        return [refusal(28, f"This account may not write into {folder}.",
                        f"Run this as the account of the units, or chown {folder}.")]  # fmt: skip
    free = shutil.disk_usage(folder).free
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return [refusal(*one) for one in safe_install.machine(free, most, str(folder))]


@register(Tags.security, deploy=True)
def secrets_are_nobody_elses(app_configs: Any, **kwargs: Any) -> list[Error]:
    """The files with the keys can be read by whom they are for alone."""
    return [
        refusal(14, f"{path} can be read by everybody on this machine.", f"chmod o-rwx {path}")
        for path in settings.SECRET_FILES
        if os.stat(path).st_mode & OTHERS
    ]


@register(Tags.security, deploy=True)
def papers_say_who_we_are(app_configs: Any, **kwargs: Any) -> list[Warning]:
    """Invoices bear our address and tax number: laws ask for them, no program can know them."""
    known = {"PLATFORM_ADDRESS": settings.PLATFORM_PARTY["address"],
             "PLATFORM_TAX_ID": settings.PLATFORM_PARTY["tax_id"]}  # fmt: skip
    return [
        Warning(f"{name} is not set: papers go out without it.", hint=f"Set {name}.",
                id="tenants.W015")
        for name, value in known.items() if not value
    ]  # fmt: skip
