"""Papers as files, one after the other: each PDF, and the XML where there is one."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime

from billing.actions.render_document import PDF, XML, render_document
from billing.gateways.typst import CannotRenderError
from billing.models import Document
from billing.rules.einvoice import NoEInvoice

MOST = 500  # papers of one zip


def paper_files(document_ids: Sequence[uuid.UUID], *, now: datetime) -> Iterator[tuple[str, bytes]]:
    """(name, content) of every paper in this order, made where it was not yet; at most one is in
    memory.

    A paper that cannot be made is a text file that says so. Safe to repeat: papers are made once.
    """
    papers = Document.objects.defer("canonical").in_bulk(list(document_ids))
    seen: set[str] = set()
    for document_id in document_ids:
        paper = papers[document_id]
        name = f"{paper.period_start:%Y-%m}/{paper.number}"
        name = f"{name}-{paper.issuer}" if name in seen else name  # two sellers, one number
        seen.add(name)
        yield from _files(paper, name, now)


def _files(paper: Document, name: str, now: datetime) -> Iterator[tuple[str, bytes]]:
    try:
        yield f"{name}.pdf", _made(paper, PDF, now)
        yield f"{name}.xml", _made(paper, XML, now)
    except NoEInvoice:
        return  # none of its kinds: the PDF is the paper
    except CannotRenderError as error:
        yield f"{name}.txt", f"This paper could not be made: {error}\n".encode()


def _made(paper: Document, kind: str, now: datetime) -> bytes:
    return bytes(render_document(document_id=paper.id, now=now, kind=kind).content)
