"""The SDKs to install, on every partner's host. Public, like the API's reference."""

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal import sdk_packages


@require_safe
def sdk_files(request: HttpRequest) -> HttpResponse:
    """A page of links that pip and npm can install from (`--find-links`)."""
    base = f"{'https' if settings.HTTPS else 'http'}://{request.get_host()}/docs/sdk/"
    return render(request, "docs/sdk.html", {"packages": sdk_packages.packages(), "base": base})


@require_safe
def sdk_file(request: HttpRequest, name: str) -> FileResponse:
    """One of them."""
    for package in sdk_packages.packages():
        if package.name == name:
            return FileResponse(package.path.open("rb"), as_attachment=True, filename=name)
    raise Http404("no such package")
