"""A name server on loopback, over real UDP: answers what a test wrote into its zone."""

from contextlib import contextmanager

from dnslib import CLASS, QTYPE, RCODE, RR
from dnslib.server import BaseResolver, DNSLogger, DNSServer

SERVFAIL, REFUSED, SILENT, BOGUS = "SERVFAIL", "REFUSED", "silent", "bogus"


class Zone(BaseResolver):
    """`records`: (name, type) → texts of a zone file, or one of the words above."""

    def __init__(self):
        self.records = {}
        self.asked = []

    def set(self, name, rdtype, *values):
        self.records[name, rdtype] = values

    def resolve(self, request, handler):
        name = str(request.q.qname).rstrip(".").lower()
        rdtype = QTYPE[request.q.qtype]
        self.asked.append((name, rdtype))
        reply = request.reply()
        found = self.records.get((name, rdtype), ())
        if found == (BOGUS,):
            # A validating resolver vouches for nothing here, unless it is told not to check.
            found = ('"unchecked"',) if request.header.cd else (SERVFAIL,)
        if found == (SILENT,):
            raise TimeoutError  # dnslib then sends nothing
        if found in ((SERVFAIL,), (REFUSED,)):
            reply.header.rcode = getattr(RCODE, found[0])
            return reply
        alias = self.records.get((name, "CNAME"), ()) if rdtype != "CNAME" else ()
        if alias:
            reply.add_answer(*RR.fromZone(f"{name}. 5 IN CNAME {alias[0]}"))
            name = alias[0].rstrip(".")
            found = self.records.get((name, rdtype), ())
        for value in found:
            reply.add_answer(*RR.fromZone(f"{name}. 5 {CLASS[1]} {rdtype} {value}"))
        if not found and not any(known == name for known, _ in self.records):
            reply.header.rcode = RCODE.NXDOMAIN
        return reply


@contextmanager
def name_server():
    """(zone, its address as `address:port`)."""
    zone = Zone()
    server = DNSServer(zone, port=0, address="127.0.0.1", logger=DNSLogger("-error,-recv,-send,"
                       "-request,-reply,-truncated,-data", prefix=False))  # fmt: skip
    server.start_thread()
    try:
        yield zone, f"127.0.0.1:{server.server.server_address[1]}"
    finally:
        server.stop()
        server.server.server_close()
