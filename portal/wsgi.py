"""The web process's entry point."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()

from django.conf import settings  # noqa: E402 - Django first

from portal.queries import status  # noqa: E402

# Every view before the first request, while there is one thread: several that import at once may
# see half a module, and an import that fails shall end the process, not be a request's error.
for urls in (settings.ROOT_URLCONF, settings.CONSOLE_URLCONF, "cache_api.urls"):
    import_module(urls)
status.watch()
