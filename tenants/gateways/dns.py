"""Asks DNS about a claimed host. The one file that knows dnspython."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tenants.later import later
from tenants.rules.custom_hosts import CustomHost
from tenants.rules.dns_findings import Reply, Seen
from tenants.rules.senders import MOST_LOOKUPS, SenderSeen, Wanted, includes, is_spf

if TYPE_CHECKING:
    import dns.exception
    import dns.flags
    import dns.name
    import dns.nameserver
    import dns.rcode
    import dns.rdata
    import dns.resolver
else:
    dns = later("dns", "dns.flags", "dns.nameserver", "dns.resolver")  # which import the others

TIMEOUT_S = 3.0  # a question, all servers and repetitions included
_HOPS = 8
_MOST_VALUES, _LONGEST_VALUE = 20, 1000  # a DKIM key of 4096 bits has 740 characters


class Dns:
    """A resolver. `servers`: ``address:port`` each; none: those of the machine."""

    def __init__(self, servers: Iterable[str] = (), timeout_s: float = TIMEOUT_S) -> None:
        named = [_server(text) for text in servers]
        self._resolver = dns.resolver.Resolver(configure=not named)
        if named:
            self._resolver.nameservers = named
        self._timeout_s = timeout_s

    def look(self, host: CustomHost, target: str) -> Seen:
        """Everything a diagnosis needs, in about ten questions. Never raises for bad answers."""
        txt = self._ask(host.challenge, "TXT")
        zone_again = f"{host.challenge}.{host.zone}"
        caa, caa_at = self._caa(host.host)
        return Seen(
            txt=txt,
            cname=self._chain(host.host, target),
            addresses=self._addresses(host.host),
            target_addresses=self._addresses(target),
            caa=caa,
            caa_at=caa_at,
            doubled=Reply("nodata") if txt.values else self._ask(zone_again, "TXT"),
        )

    def look_sender(self, wanted: Wanted) -> SenderSeen:
        """The records of an address for mails; SPF with what it includes, ten names at most."""
        spf = self._ask(wanted.domain, "TXT")
        dmarc = self._ask(wanted.dmarc_name, "TXT")
        if dmarc.asked and not dmarc.values and wanted.zone != wanted.domain:
            dmarc = self._ask(f"_dmarc.{wanted.zone}", "TXT")  # RFC 7489: then the whole domain's
        return SenderSeen(self._ask(wanted.dkim_name, "TXT"), spf, dmarc, self._included(spf))

    def _included(self, spf: Reply) -> tuple[str, ...]:
        found: list[str] = []
        waiting = [name for text in spf.values if is_spf(text) for name in includes(text)]
        while waiting and len(found) < MOST_LOOKUPS:
            name = waiting.pop(0)
            if name not in found:
                found.append(name)
                texts = self._ask(name, "TXT").values
                waiting += [one for text in texts if is_spf(text) for one in includes(text)]
        return tuple(found)

    def addresses(self, name: str) -> tuple[str, ...]:
        """A and AAAA of a name; empty also when nobody answered."""
        return self._addresses(name).values

    def _chain(self, name: str, target: str) -> Reply:
        """The CNAMEs behind a name, one by one, at most to the target."""
        chain: list[str] = []
        while len(chain) < _HOPS:
            reply = self._ask(chain[-1] if chain else name, "CNAME")
            if not reply.values:
                # What lies behind a chain that leads elsewhere changes nothing.
                return Reply("ok", tuple(chain)) if chain else reply
            chain.append(reply.values[0])
            if chain[-1] == target:
                break
        return Reply("ok", tuple(chain))

    def _addresses(self, name: str) -> Reply:
        replies = [self._ask(name, rdtype) for rdtype in ("A", "AAAA")]
        found = tuple(sorted(value for reply in replies for value in reply.values))
        if found:
            return Reply("ok", found)
        return next((reply for reply in replies if not reply.asked), replies[0])

    def _caa(self, name: str) -> tuple[Reply, str]:
        """The first name up the tree with CAA records (RFC 8659); nobody asks the root's zones."""
        labels = name.split(".")
        reply = Reply("nodata")
        for start in range(len(labels) - 1):
            at = ".".join(labels[start:])
            reply = self._ask(at, "CAA")
            if reply.values or not reply.asked:
                return reply, at
        return Reply("nodata"), ""

    def _ask(self, name: str, rdtype: str) -> Reply:
        reply = self._once(name, rdtype)
        if reply.status != "servfail":
            return reply
        # With checking disabled a validating resolver hands out what it would not vouch for.
        unchecked = self._once(name, rdtype, dns.flags.RD | dns.flags.CD)
        if not unchecked.asked or self._once(name, rdtype).status != "servfail":
            return reply
        return Reply("bogus")

    def _once(self, name: str, rdtype: str, flags: int | None = None) -> Reply:
        self._resolver.flags = flags
        try:
            answer = self._resolver.resolve(
                name, rdtype, raise_on_no_answer=False, lifetime=self._timeout_s, search=False
            )
        except dns.resolver.NXDOMAIN:
            return Reply("nxdomain")
        except dns.resolver.NoNameservers as error:
            return Reply(_why(error))
        except (dns.exception.DNSException, OSError):  # timeouts, garbled answers, no network
            return Reply("timeout")
        if answer.rrset is None:
            return Reply("nodata")
        values = [_text(rdata) for rdata in answer.rrset][:_MOST_VALUES]
        return Reply("ok", tuple(sorted(values)))


def _why(error: dns.resolver.NoNameservers) -> str:
    """`servfail` or `refused`, as the servers said."""
    codes = {entry[-1].rcode() for entry in error.kwargs.get("errors", ()) if entry[-1] is not None}
    return "refused" if codes == {dns.rcode.REFUSED} else "servfail"


def _text(rdata: dns.rdata.Rdata) -> str:
    strings = getattr(rdata, "strings", None)
    if strings is not None:
        text = b"".join(strings).decode("utf-8", "replace")
    elif isinstance(getattr(rdata, "target", None), dns.name.Name):
        text = rdata.target.to_text(omit_final_dot=True).lower()  # type: ignore[attr-defined]
    else:
        text = rdata.to_text()
    return text.replace("\0", "")[:_LONGEST_VALUE]


def _server(text: str) -> dns.nameserver.Nameserver:
    address, _, port = text.rpartition(":")
    return dns.nameserver.Do53Nameserver(address.strip("[]"), int(port))
