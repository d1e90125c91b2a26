"""Who may ask: pages of this server alone.

The server listens on loopback by default, but any web page in the user's browser could send requests there, or have a
name of its own resolved to there. So requests must name a host that cannot belong to somebody else, and those that a
page sends must come from a page of the same host.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Optional

from flask import Flask, Response, request

from interp_claims.explore.inputs import InputError, shown

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class RefusedError(InputError):
    """A request that may come from somebody else's page: the answer to it has status 403."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server on ``host``."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host.strip("[]")).is_loopback)


def guard(app: Flask, host: str) -> None:
    """Let an app answer only requests to this server by pages of this server.

    Args:
        app: the app.
        host: what it listens on.
    """

    @app.before_request
    def check() -> None:
        check_host(request.headers.get("Host", ""), host)
        if request.method == "POST":
            check_origin(request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site"), request.host)
            if request.mimetype != "application/json":
                got = request.mimetype or "no content type"
                raise RefusedError("content type", got, "application/json", "send JSON")

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers[name] = value
        return response


def check_host(header: str, host: str) -> None:
    """Check the Host header: a name could be one that somebody else made to mean this machine.

    Args:
        header: the header, with or without a port.
        host: what the server listens on. Elsewhere than on loopback, this machine's own name is good too.

    Raises:
        RefusedError: it is neither an address nor one of this machine's names.
    """
    name = header.rsplit(":", 1)[0] if not header.endswith("]") and ":" in header else header
    name = name.lower().rstrip(".")
    if is_loopback(host):
        allowed = is_loopback(name)
    else:
        own = {"localhost", host.lower(), socket.gethostname().lower(), socket.getfqdn().lower()}
        allowed = name in own or _is_address(name)
    if not allowed:
        wanted = "localhost or 127.0.0.1" if is_loopback(host) else "an address or this machine's name"
        raise RefusedError("host", shown(header), wanted, "open the address that interp-claims explore printed")


def check_origin(origin: Optional[str], site: Optional[str], host: str) -> None:
    """Check where a POST comes from, as browsers say: programs other than browsers say nothing.

    Raises:
        RefusedError: it comes from a page of another origin.
    """
    if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
        raise RefusedError("origin", shown(origin), f"http://{host}", "use the page of this server")
    if site not in (None, "same-origin"):
        raise RefusedError("request", f"one that is {shown(site)}", "same-origin", "use the page of this server")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
