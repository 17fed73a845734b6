"""What a download or a mail says, as text: whatever the form, so that it can be searched."""

import io
import zipfile

import pyarrow.parquet
import pypdfium2


def readable(content: bytes) -> str:
    """The text of a PDF, of all files of a zip, of a Parquet table; anything else as it is."""
    if content.startswith(b"%PDF"):
        return " ".join(page.get_textpage().get_text_bounded()
                        for page in pypdfium2.PdfDocument(content))  # fmt: skip
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            return "\n".join(readable(bundle.read(name)) for name in bundle.namelist())
    if content.startswith(b"PAR1"):
        return str(pyarrow.parquet.read_table(io.BytesIO(content)).to_pydict())
    return content.decode(errors="replace")


def of_mail(mail) -> str:
    """Headers, text, HTML and attachments of a mail."""
    files = [one.content if isinstance(one.content, bytes) else str(one.content).encode()
             for one in (*mail.attachments, *getattr(mail, "alternatives", ()))]  # fmt: skip
    head = f"{mail.from_email} {mail.reply_to} {mail.extra_headers} {mail.subject}"
    return "\n".join([head, mail.body, *map(readable, files)])
