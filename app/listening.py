"""Knows how a service comes to its port and its token, and why it may not; does not know what is served."""

import errno
import os
import socket

from ..data import SetupError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Hosts that only this machine reaches."""


def token_from(variable: str) -> str:
    """Return the token that an environment variable has.

    Raises:
        SetupError: If it has none, or one that cannot be sent.
    """
    token = os.environ.get(variable, "").strip()
    if not token:
        cure = "Set it to the token that clients must send; it is not given on the command line, where others see it."
        raise SetupError("the environment variable is not set or empty", place=f"--token-env {variable}", cure=cure)
    if not token.isascii() or not token.isprintable() or " " in token:
        cure = "Use printable ASCII characters without blanks."
        raise SetupError("the token cannot be sent in a header", place=f"--token-env {variable}", cure=cure)
    return token


def listen(host: str, port: int) -> socket.socket:
    """Take a port; connections are refused until the service runs.

    Raises:
        SetupError: If it is taken, or the address is none of this machine.
    """
    place, listener = f"{bracketed(host)}:{port}", None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        if os.name == "posix":  # elsewhere it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        if listener is not None:
            listener.close()
        if isinstance(error, socket.gaierror):
            cure = "Give an address of this machine, such as 127.0.0.1."
            raise SetupError("there is no such address", place=f"--host {host}", cure=cure) from None
        cures = {
            errno.EADDRINUSE: "Give another with --port, or --port 0 for a free one.",
            errno.EACCES: "Ports below 1024 are reserved: give a higher one with --port.",
            errno.EADDRNOTAVAIL: "Give an address of this machine with --host, such as 127.0.0.1.",
        }
        known = error.errno in cures
        what = "the port is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        cure = cures[error.errno] if known and error.errno is not None else "Give another with --port or --host."
        raise SetupError(what, place=place, cure=cure) from None
    return listener


def bracketed(host: str) -> str:
    """Return a host as it stands in an address."""
    return f"[{host}]" if ":" in host else host
