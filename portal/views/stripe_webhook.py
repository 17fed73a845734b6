"""`/stripe/webhook/` on the console's host: a signed notice is kept and answered at once."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.actions.stripe_events import keep_event
from billing.gateways.stripe_api import BadSignature, signed_notice


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """200 once it is kept (also when it was); 400 when Stripe did not sign it; 404 without Stripe.

    Open to everybody: the signature over the raw bytes says who speaks.
    """
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise Http404
    try:
        event = signed_notice(
            request.body,
            request.headers.get("Stripe-Signature", ""),
            settings.STRIPE_WEBHOOK_SECRET,
        )
        keep_event(event=event, now=timezone.now())
    except (BadSignature, KeyError, TypeError, ValueError) as error:
        return HttpResponseBadRequest(f"{error}\n", content_type="text/plain; charset=utf-8")
    return HttpResponse("kept\n", content_type="text/plain")
