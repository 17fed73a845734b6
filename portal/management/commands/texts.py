"""`manage.py texts`: bring every language's texts up to code and templates."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from portal import catalogs


class Command(BaseCommand):
    """Rewrites `locale/*/LC_MESSAGES/django.po`; says how many texts are not translated yet."""

    help = "Bring the texts in locale/ up to code and templates."

    def handle(self, *args: Any, **options: Any) -> None:
        """One line a language; the rest is for a translator."""
        for path in sorted((settings.BASE_DIR / "locale").glob(f"*/{catalogs.INSIDE}")):
            texts = catalogs.update(settings.BASE_DIR, path)
            done = len(texts) - len(catalogs.unsaid(texts))
            self.stdout.write(f"{texts.locale}: {done} of {len(texts)} texts translated")
