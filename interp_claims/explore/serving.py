"""Starting the server: the port, what is said, and how it ends."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys
import threading
import webbrowser

from werkzeug.serving import WSGIRequestHandler, make_server

from interp_claims.errors import InterpClaimsError
from interp_claims.explore.explorer import Explorer
from interp_claims.explore.guards import is_loopback
from interp_claims.explore.server import make_app


class ServingError(InterpClaimsError, OSError):
    """An address that the server cannot listen on."""


class _QuietHandler(WSGIRequestHandler):
    """Says nothing of requests: errors are shown all the same."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""

    def connection_dropped(self, error: BaseException, environ: object = None) -> None:
        """Say nothing: the page breaks off requests that are out of date."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises:
        ServingError: the port is in use, or the host is none of this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise ServingError(f"host: got {host!r} ({error}), wanted an address of this machine; use 127.0.0.1") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(64)
    except OSError as error:
        listening.close()
        raise ServingError(_why_not(host, port, error)) from error
    return listening


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port: got {port}, which is in use on {host}, wanted a free one; choose another with --port"
    if error.errno == errno.EACCES:
        return f"port: got {port}, which this user may not open, wanted one from 1024 on; choose another with --port"
    return f"host: got {host!r} ({error.strerror}), wanted an address of this machine; use 127.0.0.1"


def url_of(listening: socket.socket, host: str) -> str:
    """The address to open in a browser on this machine."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{listening.getsockname()[1]}/"


def serve(explorer: Explorer, *, host: str, port: int, browser: bool) -> None:
    """Serve the page until Ctrl-C.

    Args:
        explorer: what answers.
        host: where to listen.
        port: likewise; 0 takes a free one.
        browser: whether to open the page in the user's browser.

    Raises:
        ServingError: nothing can listen there.
        KeyboardInterrupt: at Ctrl-C, when everything is closed.
    """
    try:
        with listen(host, port) as listening:
            url = url_of(listening, host)
            app = make_app(explorer, host=host)
            server = make_server(host, port, app, threaded=True, request_handler=_QuietHandler, fd=listening.fileno())
        print(f"interp-claims: the explorer is at {url} (Ctrl-C ends it)", flush=True)
        if not is_loopback(host):
            print(
                f"interp-claims: it listens on {host}, so anyone who can reach port {server.port} of this machine can "
                "use it: there is no password. Leave --host out to keep it to this machine",
                file=sys.stderr,
                flush=True,
            )
        threading.Thread(target=_warm_up, args=(explorer,), daemon=True).start()
        if browser:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        server.serve_forever()  # returns at Ctrl-C
        raise KeyboardInterrupt
    finally:
        explorer.close()


def _warm_up(explorer: Explorer) -> None:
    """Load what the first request needs while the browser starts; what goes wrong is told by that request."""
    with contextlib.suppress(InterpClaimsError):
        state = explorer.start()
        for _ in explorer.answers(state.to_fragment(), field=False):
            pass
