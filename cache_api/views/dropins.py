"""The partner host's door to the drop-ins for providers' official clients."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from cache_api.hot.verbs import VERBS
from cache_api.views import RawView, answer


@extend_schema(exclude=True)  # the providers' own documents describe these
class DropInView(RawView):
    """POST /v1/…: a provider's own API, out of the cache."""

    verb = ""

    def post(self, request: Request) -> HttpResponse:
        """What the provider answered, or 504."""
        return answer(request._request, VERBS[self.verb])
