"""A partner's host: customers at the root, the partner's staff under /manage/, the API."""

from portal.urls.shared import urlpatterns as shared

urlpatterns = [*shared]
handler400 = "portal.views.errors.bad_request"
handler403 = "portal.views.errors.forbidden"
handler404 = "portal.views.errors.not_found"
handler500 = "portal.views.errors.server_error"
