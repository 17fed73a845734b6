"""Delivery reports as three kinds of mail servers write them; `message_id` without brackets."""

POSTFIX = """\
Received: by mx.agentcache.example (Postfix) id 4XyZ1b2c3d; Fri, 2 Oct 2026 09:00:07 +0000 (UTC)
Date: Fri, 2 Oct 2026 09:00:07 +0000 (UTC)
From: MAILER-DAEMON@mx.agentcache.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: no-reply@agentcache.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4XyZ0a1b2c.1790931607/mx.agentcache.example"
Content-Transfer-Encoding: 8bit
Message-Id: <20261002090007.4XyZ1b2c3d@mx.agentcache.example>

This is a MIME-encapsulated message.

--4XyZ0a1b2c.1790931607/mx.agentcache.example
Content-Description: Notification
Content-Type: text/plain; charset=utf-8

<{to}>: host mx.reader.example[203.0.113.9] said: {said} (in reply to RCPT TO command)

--4XyZ0a1b2c.1790931607/mx.agentcache.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.agentcache.example
X-Postfix-Queue-ID: 4XyZ0a1b2c
X-Postfix-Sender: rfc822; no-reply@agentcache.example
Arrival-Date: Fri, 2 Oct 2026 09:00:05 +0000 (UTC)

Final-Recipient: rfc822; {to}
Original-Recipient: rfc822;{to}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.reader.example
Diagnostic-Code: smtp; {said}

--4XyZ0a1b2c.1790931607/mx.agentcache.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers
Content-Transfer-Encoding: 8bit

Return-Path: <no-reply@agentcache.example>
Received: from portal (localhost [127.0.0.1])
\tby mx.agentcache.example (Postfix) with ESMTP id 4XyZ0a1b2c
\tfor <{to}>; Fri, 2 Oct 2026 09:00:05 +0000 (UTC)
Subject: Invoice
Message-ID: <{message_id}>
Auto-Submitted: auto-generated

--4XyZ0a1b2c.1790931607/mx.agentcache.example--
"""

EXIM = """\
Return-path: <>
Received: from Debian-exim by mail.agentcache.example with local (Exim 4.96)
\tid 1t0abc-0001Xy-2z for no-reply@agentcache.example; Fri, 02 Oct 2026 09:00:09 +0000
X-Failed-Recipients: {to}
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mail.agentcache.example>
To: no-reply@agentcache.example
References: <{message_id}>
Content-Type: multipart/report; report-type=delivery-status; boundary=1790931609-eximdsn-1804289383
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1t0abc-0001Xy-2z@mail.agentcache.example>

--1790931609-eximdsn-1804289383
Content-type: text/plain; charset=us-ascii

This message was created automatically by mail delivery software.

--1790931609-eximdsn-1804289383
Content-type: message/delivery-status

Reporting-MTA: dns; mail.agentcache.example

Action: {action}
Final-Recipient: rfc822;{to}
Status: 5.0.0
Remote-MTA: dns; mx.reader.example
Diagnostic-Code: smtp; {said}

--1790931609-eximdsn-1804289383
Content-type: message/rfc822

Return-path: <no-reply@agentcache.example>
Received: from portal by mail.agentcache.example with esmtp (Exim 4.96)
From: Redis Edge Cache <no-reply@agentcache.example>
To: {to}
Subject: Invoice
Message-ID: <{message_id}>
Content-Type: text/plain; charset=utf-8

The invoice is attached.

--1790931609-eximdsn-1804289383--
"""

EXCHANGE = """\
From: postmaster@reader.example
To: no-reply@agentcache.example
Date: Fri, 2 Oct 2026 09:00:11 +0000
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="6a8b1f2e-3a54-4e7c-9d61-7b1c2f3a4d5e"
Subject: Undeliverable: Invoice
Auto-Submitted: auto-replied
MIME-Version: 1.0

--6a8b1f2e-3a54-4e7c-9d61-7b1c2f3a4d5e
Content-Type: text/html; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

<html><body>Your message couldn't be delivered.</body></html>

--6a8b1f2e-3a54-4e7c-9d61-7b1c2f3a4d5e
Content-Type: message/delivery-status

Reporting-MTA: dns;AM0PR0100.eurprd01.prod.reader.example
Received-From-MTA: dns;mx.agentcache.example
Arrival-Date: Fri, 2 Oct 2026 09:00:10 +0000

Original-Recipient: rfc822;{to}
Final-Recipient: rfc822;archive.{to}
Action: {action}
Status: {status}
Diagnostic-Code: smtp;{said}

--6a8b1f2e-3a54-4e7c-9d61-7b1c2f3a4d5e
Content-Type: message/rfc822

Message-ID: <{message_id}>
Subject: Invoice
MIME-Version: 1.0

--6a8b1f2e-3a54-4e7c-9d61-7b1c2f3a4d5e--
"""
SERVERS = {"Postfix": POSTFIX, "Exim": EXIM, "Exchange": EXCHANGE}
UNKNOWN = "550 5.1.1 <nobody>: Recipient address rejected: User unknown"


def report(
    *, to: str, message_id: str, server: str = "Postfix", action: str = "failed",
    status: str = "5.1.1", said: str = UNKNOWN,
) -> bytes:  # fmt: skip
    """A whole mail, as it is piped to us."""
    facts = {"to": to, "message_id": message_id, "action": action, "status": status, "said": said}
    return SERVERS[server].format(**facts).encode()
