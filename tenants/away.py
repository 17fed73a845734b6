"""What is answered while Postgres is away: 503, in the host's brand, and how to go on."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils.translation import get_language

from tenants.gateways.page_folder import PageFolder
from tenants.rules.hostnames import normalise

RETRY_AFTER_S, LOOK_AGAIN_S = 5, 30
PROGRAMS = ("/api/", "/v1/")
MORE = "<!-- more -->"  # of a page that was written beforehand: where `more` is put in
# Of pages that were written beforehand, whole in themselves; Caddy says the same of them.
POLICY = ("default-src 'none'; img-src data:; style-src data:; base-uri 'none';"
          " form-action 'none'; frame-ancestors 'none'")  # fmt: skip


def postgres_is_away(
    request: HttpRequest, page: Callable[[], HttpResponse], more: str = ""
) -> HttpResponse:
    """The page that was written for the host beforehand: its colours and its logo are inside, and
    would else be asked of the same Postgres. `page` makes the one where there is none. `more`: HTML
    of ours to put into it.

    Programs get a problem. `Host` is one that `normalise` takes.
    """
    if is_program(request):
        return told_programs()
    host = normalise(request.META.get("HTTP_HOST", ""))
    kept = PageFolder(settings.HOLDING_DIR).read(f"{host}.{get_language()}.html")
    if kept is None:
        answer = _unavailable(page())
    else:
        answer = _unavailable(HttpResponse(kept.replace(MORE, more or MORE)))
        answer["Content-Security-Policy"] = POLICY
    if request.method in {"GET", "HEAD"}:  # what was sent is not sent again by itself
        answer["Refresh"] = str(LOOK_AGAIN_S)
    return answer


def is_program(request: HttpRequest) -> bool:
    """Whether a program reads the answer, by the address."""
    return request.path.startswith(PROGRAMS)


def told_programs() -> HttpResponse:
    """The same as a problem."""
    text = loader.render_to_string("errors/503.json")
    return _unavailable(HttpResponse(text, content_type="application/problem+json"))


def _unavailable(answer: HttpResponse) -> HttpResponse:
    answer.status_code = 503
    answer["Retry-After"] = str(RETRY_AFTER_S)
    answer["Cache-Control"] = "no-store"
    return answer
