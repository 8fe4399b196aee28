"""The socket a server of ours listens on. Knows addresses; must never know what is served."""

import socket


def listening(host: str, port: int) -> socket.socket:
    """A listening socket, IPv4 or IPv6 by how `host` is written; port 0 takes a free one. OSError.

    What is answered leaves at once: an answer is written in two parts, and TCP would hold back the second until the
    client has acknowledged the first, which it puts off for 40 ms. Accepted connections take the option over.
    """
    made = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made
