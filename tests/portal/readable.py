"""What a download or a mail says, as text: whatever the form, so that it can be searched."""

import io
import zipfile

import pyarrow.parquet
import pypdfium2


def readable(content: bytes) -> str:
    """The text of a PDF with what is said of it and attached to it, of all files of a zip, of a
    Parquet table; anything else as it is."""
    if content.startswith(b"%PDF"):
        return _of_pdf(pypdfium2.PdfDocument(content))
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            return "\n".join(readable(bundle.read(name)) for name in bundle.namelist())
    if content.startswith(b"PAR1"):
        return str(pyarrow.parquet.read_table(io.BytesIO(content)).to_pydict())
    return content.decode(errors="replace")


def _of_pdf(paper: pypdfium2.PdfDocument) -> str:
    attached = [paper.get_attachment(number) for number in range(paper.count_attachments())]
    return "\n".join([
        str(paper.get_metadata_dict()),
        *(page.get_textpage().get_text_bounded() for page in paper),
        *(f"{one.get_name()} {readable(bytes(one.get_data()))}" for one in attached),
    ])  # fmt: skip


def of_mail(mail) -> str:
    """Headers, text, HTML and attachments of a mail."""
    files = [one.content if isinstance(one.content, bytes) else str(one.content).encode()
             for one in (*mail.attachments, *getattr(mail, "alternatives", ()))]  # fmt: skip
    head = f"{mail.from_email} {mail.recipients()} {mail.reply_to} {mail.extra_headers}"
    names = " ".join(str(one.filename) for one in mail.attachments)
    return "\n".join([head, mail.subject, mail.body, names, *map(readable, files)])
