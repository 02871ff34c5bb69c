"""The network, and sockets with names."""

import ctypes
import os
import socket

from tools import call, tried


def connecting(scene):
    """Using the network, or a socket of another process"""

    def unix(kind, address):
        with socket.socket(socket.AF_UNIX, kind) as mine:
            mine.sendto(b"x", address) if kind == socket.SOCK_DGRAM else mine.connect(address)

    return tried(
        tcp=lambda: socket.create_connection(("127.0.0.1", scene["tcp"]), 1).close(),
        udp=lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", scene["udp"])),
        path=lambda: unix(socket.SOCK_STREAM, scene["socket"]),
        datagram=lambda: unix(socket.SOCK_DGRAM, scene["datagrams"]),
        abstract=lambda: unix(socket.SOCK_STREAM, "\0" + scene["tag"]),
        raw=lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close(),
        netlink=lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close(),
        kernel=lambda: socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET).close(),
        serving=lambda: socket.socketpair()[0].listen(),
        rings=lambda: call(scene, "io_uring_setup", 1, ctypes.byref((ctypes.c_uint64 * 15)())),
    )


def pairs(scene):
    """Sending a datagram to a name from a socket pair"""

    def send(kind, address):
        one, other = socket.socketpair(socket.AF_UNIX, kind)
        one.sendto(b"x", address)

    return tried(
        datagram=lambda: send(socket.SOCK_DGRAM, scene["datagrams"]),
        flags=lambda: send(socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, scene["datagrams"]),
        stream=lambda: send(socket.SOCK_STREAM, scene["socket"]),
        packets=lambda: send(socket.SOCK_SEQPACKET, scene["socket"]),
        channel=lambda: socket.socket(fileno=os.dup(3)).sendto(b"", scene["datagrams"]),
        connecting=lambda: socket.socketpair()[0].connect(scene["socket"]),
        tipc=lambda: socket.socketpair(socket.AF_TIPC, socket.SOCK_STREAM),
    )
