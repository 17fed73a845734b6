"""A document's canonical JSON in templates: its figures and dates written out."""

from __future__ import annotations

from django import template

from billing.rules.page import document_page

register = template.Library()
register.simple_tag(document_page, name="document_page")
