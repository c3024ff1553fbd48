"""Very many followers of the event stream in one thread."""

import re
import select
import socket
import time

from clients import ADDRESSES

EVENT = re.compile(rb"id: (\d+)\nevent: ([\w.]+)\ndata: ([^\n]*)\n\n")


class Follower:
    """Keeps the ids it was told, in order."""

    def __init__(self, number, port):
        self.number, self.port = number, port
        self.socket, self.rest, self.ids, self.cuts = None, b"", [], 0

    def connect(self, last=None, receive_buffer=None):
        self.rest = b""
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.setsockopt(socket.IPPROTO_IP, getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24), 1)
        self.socket.bind((ADDRESSES[self.number % len(ADDRESSES)], 0))
        self.socket.connect(("127.0.0.1", self.port))
        since = "" if last is None else f"Last-Event-ID: {last}\r\n"
        self.socket.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n{since}\r\n".encode())
        self.socket.setblocking(False)

    def receive(self):
        """Takes what has come. False: the server has ended the stream."""
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False
        # A chunk's size may stand in the middle of an event only between two of them.
        self.rest += data
        end = 0
        for found in EVENT.finditer(self.rest):
            self.ids.append(int(found[1]))
            end = found.end()
        self.rest = self.rest[end:]
        return bool(data)


class Followers:
    """All of them; those that stand still are not read."""

    def __init__(self, server, count):
        self.all = [Follower(i, server.port) for i in range(count)]
        self.poll = select.epoll()
        self.by_descriptor = {}
        for i, follower in enumerate(self.all):
            self.add(follower)
            if i % 100 == 99:
                self.read(0)

    def add(self, follower, last=None):
        follower.connect(last)
        self.by_descriptor[follower.socket.fileno()] = follower
        self.poll.register(follower.socket, select.EPOLLIN)

    def cut(self, follower):
        """It breaks off, and comes again with the last id that it has."""
        self.poll.unregister(follower.socket)
        del self.by_descriptor[follower.socket.fileno()]
        follower.socket.close()
        follower.cuts += 1
        self.add(follower, follower.ids[-1] if follower.ids else None)

    def read(self, seconds):
        """Reads whatever comes within so many seconds."""
        end = time.monotonic() + seconds
        while True:
            ready = self.poll.poll(max(0, end - time.monotonic()))
            for descriptor, _ in ready:
                follower = self.by_descriptor[descriptor]
                assert follower.receive(), f"follower {follower.number} was cut off"
            if time.monotonic() >= end:
                return

    def close(self):
        for follower in self.all:
            follower.socket.close()
        self.poll.close()
