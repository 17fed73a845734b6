"""A document's canonical JSON in templates: its figures and dates written out."""

from __future__ import annotations

from django import template

from billing.gateways.paper_language import on_paper, page_of

register = template.Library()
register.simple_tag(page_of, name="document_page")
register.filter("on_paper", on_paper)  # `{{ line.description|on_paper }}`: in the reader's language
