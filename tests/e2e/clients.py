"""Clients for tests of load: many at once, slow ones, ones that break off. Requests go out as they stand.

Each test that uses them has a short form, for ./test, and a long one, which VERBATIM_LOAD=long chooses (tests/campaign load). The
long form holds the promises as they are written; in the short one, on two cores that others use too, times may be four times as long.

As a program it is a few clients that ask politely, beside whatever a test does: see Probe.
"""

import asyncio
import http.client
import json
import os
import random
import resource
import socket
import subprocess
import sys
import threading
import time

IS_LONG = os.environ.get("VERBATIM_LOAD") == "long"
PATIENCE = 1 if IS_LONG else 4
TUS = {"Tus-Resumable": "1.0.0"}
ADDRESSES = [f"127.0.0.{i}" for i in range(1, 9)]  # an address has only some 28,000 ports


def form(short, long):
    """What the long form has in place of the short one's."""
    return long if IS_LONG else short


def seeded():
    """A source of chance, whose seed is printed; VERBATIM_SEED repeats a run."""
    seed = int(os.environ.get("VERBATIM_SEED") or random.randrange(1 << 30))
    print("seed", seed)
    return random.Random(seed)


def measured(text):
    """Says a figure; tests/campaign shows it."""
    print("measured:", text)


def allow_many_descriptors():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


class Caller:
    """One connection that is kept; thread: one at a time."""

    def __init__(self, port, timeout=60):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def ask(self, method, path, headers=None, body=None):
        """Asks and returns the answer, with its body in `text`."""
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        answer.text = answer.read().decode()
        return answer

    def json(self, path):
        answer = self.ask("GET", path)
        assert answer.status == 200, answer.text
        return json.loads(answer.text)

    def create(self, length, **headers):
        """A new upload: its path."""
        answer = self.ask("POST", "/api/uploads", {**TUS, "Upload-Length": str(length), **{k.replace("_", "-"): v for k, v in headers.items()}})
        assert answer.status == 201, answer.text
        return answer.headers["Location"]

    def patch(self, path, offset, body, **headers):
        return self.ask("PATCH", path, {**patch_fields(offset), **{k.replace("_", "-"): v for k, v in headers.items()}}, body)

    def offset(self, path):
        """What HEAD says; None: there is no such upload."""
        answer = self.ask("HEAD", path, TUS)
        return int(answer.headers["Upload-Offset"]) if answer.status == 200 else None

    def close(self):
        self.connection.close()


def patch_fields(offset):
    return {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}


def patch_head(path, offset, size, **headers):
    """The head of a PATCH of so many bytes; none: chunked."""
    framing = {"Content-Length": str(size)} if size is not None else {"Transfer-Encoding": "chunked"}
    fields = {"Host": "127.0.0.1", **patch_fields(offset), **framing, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return (f"PATCH {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n").encode()


def in_parallel(count, work):
    """Calls work(i) for each i, each on a thread of its own; raises what one of them raises."""
    failures = []

    def run(i):
        try:
            work(i)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class Watch(threading.Thread):
    """Keeps the highest value that a function returns while the block runs."""

    def __init__(self, function, interval=0.02):
        super().__init__(daemon=True)
        self.function, self.interval, self.peak, self.is_over = function, interval, 0, threading.Event()

    def run(self):
        while not self.is_over.wait(self.interval):
            self.peak = max(self.peak, self.function())

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.join()
        self.peak = max(self.peak, self.function())


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def connect(port, address="127.0.0.1", receive_buffer=None):
    """A socket from one of this machine's addresses."""
    client = socket.socket()
    client.setblocking(False)
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    # The port is chosen when it connects, so that both ends tell connections apart.
    client.setsockopt(socket.IPPROTO_IP, getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24), 1)
    client.bind((address, 0))
    await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
    return client


async def receive_answer(client):
    """The status and body of an answer with a length."""
    loop = asyncio.get_running_loop()
    received = b""
    while b"\r\n\r\n" not in received:
        data = await loop.sock_recv(client, 65536)
        if not data:
            raise ConnectionResetError("closed before an answer came")
        received += data
    head, body = received.split(b"\r\n\r\n", 1)
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(fields.get(b"content-length", 0)):
        data = await loop.sock_recv(client, 65536)
        if not data:
            raise ConnectionResetError("closed within an answer")
        body += data
    return int(head[9:12]), body, fields


class Probe:
    """A process with polite clients, each of which asks for a page again and again: how long do they wait?"""

    def __init__(self, server, path, clients=4, interval=0.05):
        command = [sys.executable, __file__, str(server.port), path, str(clients), str(interval)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "asking\n"

    @classmethod
    def calm(cls, server, path, **options):
        """The 99th percentile without any load: what this machine adds to the waiting. Unit: seconds."""
        with cls(server, path, **options) as probe:
            time.sleep(2)
            return percentile(probe.end()[0], 0.99)

    def end(self):
        """Stops; returns the times of all answers in seconds, and the failures."""
        told, _ = self.process.communicate("", timeout=60)
        result = json.loads(told)
        return result["seconds"], result["failures"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


async def ask_politely(port, path, interval, result, is_over):
    loop = asyncio.get_running_loop()
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    client = None
    while not is_over.is_set():
        begin = time.monotonic()
        try:
            client = client or await connect(port)
            await loop.sock_sendall(client, request)
            status, _, _ = await asyncio.wait_for(receive_answer(client), 30)
            result["seconds"].append(time.monotonic() - begin)
            if status != 200:
                result["failures"].append(f"status {status}")
        except (OSError, asyncio.TimeoutError) as error:
            result["failures"].append(repr(error))
            client = None
        await asyncio.sleep(interval * random.uniform(0.5, 1.5))


async def probe(port, path, count, interval):
    result = {"seconds": [], "failures": []}
    is_over = asyncio.Event()
    asking = [asyncio.create_task(ask_politely(port, path, interval, result, is_over)) for _ in range(count)]
    print("asking", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    is_over.set()
    await asyncio.gather(*asking)
    print(json.dumps(result))


if __name__ == "__main__":
    asyncio.run(probe(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
