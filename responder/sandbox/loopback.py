"""Ports of this machine alone."""

import socket


def loopback_socket(port: int) -> socket.socket:
    """Bound on loopback and not listening, so that connections are refused until `listen` is called.

    Raises:
        OSError: somebody took the port since its last listener was closed.
    """
    # With the protocol named, or asyncio leaves Nagle's algorithm on and each reply waits 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
    except OSError:
        sock.close()
        raise
    return sock
