"""The search for canaries finds one in whatever it may lie."""

import base64
import gzip
import io
import zipfile
from email.message import EmailMessage

import pyarrow
import pyarrow.parquet
import pytest
import redis
import typst
from django.utils import timezone

from tenants import audit
from tests.conftest import own_valkey
from tests.portal import canaries

MARK = "prompt0c4a8e5b7d6f"
CALLED = base64.b64encode(f'[[], {{"partner_id": "1", "text": "{MARK}"}}, {{}}]'.encode())
MESSAGE = b'{"body": "' + CALLED + b'", "content-encoding": "utf-8"}'
LONG = f"{'a' * 5000} {MARK} {'b' * 5000}"  # long enough to be compressed wherever it can be


def letter(**more) -> bytes:
    mail = EmailMessage()
    mail["Subject"], mail["MIME-Version"] = more.get("subject", "Hello"), "1.0"
    mail.set_content(more.get("text", "Hello"), cte=more.get("cte", "7bit"))
    if file := more.get("file"):
        mail.add_attachment(file, maintype="application", subtype="octet-stream", filename="x")
    return b"-" * 79 + b"\n" + bytes(mail) + b"-" * 79


def table() -> bytes:
    content = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"text": [LONG]}), content, compression="zstd")
    return content.getvalue()


def bundle() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.csv", "x")
        made.writestr("b/inner.pdf", pdf())
    return content.getvalue()


def pdf() -> bytes:
    return made(f"Total due: {MARK}")


def made(source: str) -> bytes:
    return typst.compile(source.encode())


PLANTED = {
    "a log": lambda: f'{{"message": "{MARK}"}}'.encode(),
    "a mail's text in base64": lambda: letter(text=LONG, cte="base64"),
    "a mail's text in quoted-printable": lambda: letter(text="é" * 70 + MARK,
                                                       cte="quoted-printable"),
    "a mail's subject": lambda: letter(subject=f"é {MARK}"),
    "a mail's PDF": lambda: letter(file=pdf()),
    "a mail's zip": lambda: letter(file=bundle()),
    "a PDF": pdf, "a PDF's title": lambda: made(f'#set document(title: "{MARK}")\nx'),
    "a PDF's attachment": lambda: made(f'#pdf.attach("a.xml", bytes("{LONG}"))\nx'),
    "a PDF in a zip": bundle, "a Parquet file": table,
    "a packed file": lambda: gzip.compress(LONG.encode()),
}  # fmt: skip


@pytest.mark.parametrize("kind", PLANTED)
def test_a_mark_in_a_file_is_found(tmp_path, kind):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "planted").write_bytes(PLANTED[kind]())
    (tmp_path / "other").write_bytes(b"nothing")

    found = canaries.where(canaries.files_below(tmp_path), MARK)

    assert found == {str(tmp_path / "deep" / "planted")}


@pytest.mark.parametrize("put", [
    lambda one: one.set(MARK, "x"), lambda one: one.set("k", LONG),
    lambda one: one.xadd("k", {"body": LONG}), lambda one: one.hset("k", "f", LONG),
    lambda one: one.hset("k", MARK, "x"), lambda one: one.rpush("k", "x", LONG),
    lambda one: one.sadd("k", LONG), lambda one: one.rpush("celery", MESSAGE),
    lambda one: one.zadd("k", {LONG: 1}),
])  # fmt: skip
def test_a_mark_in_a_valkey_is_found(put):
    with redis.Redis.from_url(own_valkey("EVENTS_URL")) as one:
        assert MARK.encode() not in canaries.everything_in(one)
        put(one)
        assert MARK.encode() in canaries.everything_in(one)


def test_a_mark_in_a_table_is_found(database, partners):
    audit.record(actor="x", verb="v", target="t", at=timezone.now(), data={"said": LONG})
    with database.psql() as boss:
        boss.execute("create table odd (file bytea)")
        boss.execute("insert into odd values (%s)", [bundle()])
    assert canaries.where(canaries.tables_of(database), MARK) == {"tenants_auditentry", "odd"}
