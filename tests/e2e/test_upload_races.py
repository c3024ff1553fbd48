"""Uploads that are cut anywhere, that several requests write to, and whose requests lie: offset and bytes stay true."""

import base64
import hashlib
import random
import re
import socket
import struct
import threading
import time

import pytest
from clients import PATIENCE, TUS, Caller, form, in_parallel, measured, patch_head, seeded
from conftest import wait_until
from server import Server

CLIENTS = 8
TCP_REPAIR = 19


@pytest.fixture(scope="module")
def ours(tmp_path_factory, tiny):
    server = Server(tmp_path_factory.mktemp("races") / "data")
    server.start()
    yield server
    server.kill()


def share_out(count, chance, work):
    """Does work(caller's number, chance) so many times, on a few threads; a failure names the seed that repeats its turn."""
    seeds = [[chance.randrange(1 << 30) for _ in range(i, count, CLIENTS)] for i in range(CLIENTS)]

    def run(i):
        for seed in seeds[i]:
            try:
                work(i, random.Random(seed))
            except BaseException as error:
                raise AssertionError(f"turn {seed}: {error}") from error

    in_parallel(CLIENTS, run)


def file_of(server, path):
    return server.folder / "uploads" / path.rsplit("/", 1)[1]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def finish(caller, path, content):
    """Goes on as a client does, from where HEAD says; checks the whole."""
    for _ in range(20):
        offset = caller.offset(path)
        if offset == len(content) or caller.patch(path, offset, content[offset:]).status == 204:
            break
    upload = caller.json(path)
    assert (upload["state"], upload["sha256"]) == ("complete", sha256(content))
    assert caller.ask("DELETE", path, TUS).status == 204


def cut_off(client, how):
    if how == "half":
        client.shutdown(socket.SHUT_WR)
    if how == "vanish":  # no segment of the end of the connection goes out, as when a cable is pulled
        try:
            client.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        except PermissionError:
            return
    if how == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if how in ("close", "vanish", "reset"):
        client.close()


def test_a_request_that_is_cut_at_any_byte_keeps_what_came(ours):
    callers = [Caller(ours.port) for _ in range(CLIENTS)]

    def cut(i, chance):
        caller = callers[i]
        content = chance.randbytes(chance.randrange(1, 200_000))
        path = caller.create(len(content))
        head = patch_head(path, 0, len(content))
        at = chance.randrange(len(head) + len(content))
        sent = max(0, at - len(head))
        with socket.create_connection(("127.0.0.1", ours.port)) as client:
            client.sendall((head + content)[:at])
            is_seen = sent > 0 and chance.random() < 0.5
            if is_seen:
                assert wait_until(lambda: file_of(ours, path).stat().st_size == sent)
            how = chance.choice(["close", "half", "reset", "vanish", "silence"])
            cut_off(client, how)
            begin = time.monotonic()
            offset = caller.offset(path)
            assert time.monotonic() - begin < 1 * PATIENCE
            if is_seen:  # else the request may still be on its way
                assert offset == sent == file_of(ours, path).stat().st_size, how
            assert 0 <= offset <= sent, how
            finish(caller, path, content)

    share_out(form(300, 3000), seeded(), cut)


class Race:
    """Several requests at once for an upload whose PATCH hangs."""

    def __init__(self, server, callers, chance):
        self.server, self.callers, self.chance = server, callers, chance
        self.size = chance.randrange(2, 100_000)
        self.begun = chance.randrange(1, self.size)
        self.first = chance.randbytes(self.begun)
        self.path = callers[0].create(self.size, Upload_Concat="partial")
        self.hung = socket.create_connection(("127.0.0.1", server.port))
        self.hung.sendall(patch_head(self.path, 0, self.size) + self.first)
        assert wait_until(lambda: self.file.stat().st_size == self.begun)
        self.moves = [chance.choice(["HEAD", "PATCH", "PATCH", "DELETE"]),
                      *(chance.choice(["HEAD", "PATCH", "PATCH", "DELETE", "CONCAT", "CONCAT"]) for _ in callers[1:])]
        self.rests = [chance.randbytes(self.size - self.begun) for _ in callers]
        self.pauses = [chance.uniform(0, 0.004) for _ in callers]
        self.statuses = [None] * len(callers)

    @property
    def file(self):
        return file_of(self.server, self.path)

    def move(self, i, barrier):
        caller, what = self.callers[i], self.moves[i]
        barrier.wait()
        time.sleep(self.pauses[i])
        if what == "PATCH":
            answer = caller.patch(self.path, self.begun, self.rests[i])
        elif what == "CONCAT":
            answer = caller.ask("POST", "/api/uploads", {**TUS, "Upload-Concat": "final;" + self.path})
        else:
            answer = caller.ask(what, self.path, TUS)
        self.statuses[i] = answer.status

    def run(self):
        """Returns how long the hung request was left after the first move."""
        barrier = threading.Barrier(len(self.callers) + 1)
        moving = threading.Thread(target=in_parallel, args=(len(self.callers), lambda i: self.move(i, barrier)))
        moving.start()
        barrier.wait()
        begin = time.monotonic()
        self.hung.settimeout(10)
        try:
            answer = self.hung.recv(12)
        except ConnectionResetError:
            answer = b""
        seconds = time.monotonic() - begin
        assert answer in (b"HTTP/1.1 409", b"HTTP/1.1 404", b""), answer
        self.hung.close()
        moving.join()
        return seconds

    def of(self, what):
        return [status for move, status in zip(self.moves, self.statuses, strict=True) if move == what]

    def check(self):
        allowed = {"HEAD": {200, 404}, "PATCH": {204, 404, 409}, "DELETE": {204, 404, 409}, "CONCAT": {201, 404, 409}}
        for what, statuses in allowed.items():
            assert set(self.of(what)) <= statuses, what
        caller = self.callers[0]
        offset = caller.offset(self.path)
        assert self.of("DELETE").count(204) == (1 if offset is None else 0)
        assert self.of("PATCH").count(204) <= 1
        if offset is None:
            assert not self.file.exists()
            return
        # What the hung one had sent is there, and after it bytes of one writer alone.
        stored = self.file.read_bytes()
        assert len(stored) == offset >= self.begun and stored.startswith(self.first)
        writers = [i for i, rest in enumerate(self.rests) if rest.startswith(stored[self.begun:]) and self.moves[i] == "PATCH"]
        assert offset == self.begun or writers
        if 204 in self.of("PATCH"):
            assert offset == self.size and self.statuses[writers[0]] == 204
        rest = self.rests[writers[0]] if writers else self.rests[0]
        if offset < self.size:
            assert caller.patch(self.path, offset, rest[offset - self.begun:]).status == 204
        joined = caller.ask("POST", "/api/uploads", {**TUS, "Upload-Concat": "final;" + self.path})
        assert joined.status == 201 and caller.json(joined.headers["Location"])["sha256"] == sha256(self.first + rest)
        assert caller.ask("DELETE", joined.headers["Location"], TUS).status == 204


def test_of_several_requests_one_writes_and_a_hung_one_is_put_out(ours):
    callers = [[Caller(ours.port) for _ in range(4)] for _ in range(CLIENTS)]
    slowest = [0.0] * CLIENTS
    moves = []

    def race(i, chance):
        run = Race(ours, callers[i][:chance.randrange(2, 5)], chance)
        try:
            slowest[i] = max(slowest[i], run.run())
            run.check()
        except AssertionError as error:
            raise AssertionError(f"{list(zip(run.moves, run.statuses, strict=True))} {error}") from error
        moves.extend(zip(run.moves, run.statuses, strict=True))

    share_out(form(500, 10_000), seeded(), race)
    counts = {move: moves.count(move) for move in sorted(set(moves))}
    measured(f"a hung request is put out after {1000 * max(slowest):.0f} ms at most; {counts}")
    assert max(slowest) <= 1 * PATIENCE
    assert {("PATCH", 204), ("PATCH", 409), ("DELETE", 204), ("CONCAT", 201), ("CONCAT", 409), ("HEAD", 200)} <= set(moves)


def chunked(body, chance):
    """The body in chunks of any size."""
    pieces, begin = [], 0
    while begin < len(body):
        end = begin + chance.randint(1, max(1, len(body) // 2))
        pieces.append(b"%x\r\n%s\r\n" % (len(body[begin:end]), body[begin:end]))
        begin = end
    return b"".join(pieces) + b"0\r\n\r\n"


def digest_of(kind, data):
    return f"{kind} {base64.b64encode(hashlib.new(kind, data).digest()).decode()}"


def lie(path, offset, rest, chance):
    """A request that must change nothing: its kind, its bytes, and the statuses that fit it."""
    kind = chance.choice(["checksum", "checksum in chunks", "no checksum", "one too many", "one too many in chunks", "far too many",
                          "checksum, one too many in chunks", "offset", "offset in chunks", "no length", "two lengths"])
    size = chance.randint(1, len(rest))
    part, over = rest[:size], rest + b"x"
    wrong = digest_of(chance.choice(["sha1", "sha256"]), part + b"x")
    elsewhere = chance.choice([o for o in (0, offset - 1, offset + 1, offset + len(rest)) if o != offset and o >= 0])
    return kind, *{
        "checksum": lambda: (patch_head(path, offset, size, Upload_Checksum=wrong) + part, {460}),
        "checksum in chunks": lambda: (patch_head(path, offset, None, Upload_Checksum=wrong) + chunked(part, chance), {460}),
        "no checksum": lambda: (patch_head(path, offset, size, Upload_Checksum="sha256 =") + part, {400}),
        "one too many": lambda: (patch_head(path, offset, len(over)) + over, {413}),
        "one too many in chunks": lambda: (patch_head(path, offset, None) + chunked(over, chance), {413}),
        "far too many": lambda: (patch_head(path, offset, 10**15), {413}),
        "checksum, one too many in chunks":
            lambda: (patch_head(path, offset, None, Upload_Checksum=digest_of("sha1", over)) + chunked(over, chance), {413}),
        "offset": lambda: (patch_head(path, elsewhere, size) + part, {409, 413}),
        "offset in chunks": lambda: (patch_head(path, elsewhere, None) + chunked(part, chance), {409, 413}),
        "no length": lambda: (patch_head(path, offset, f"+{size}") + part, {400}),
        "two lengths": lambda: (patch_head(path, offset, f"{size}\r\nContent-Length: {size + 1}") + part, {400}),
    }[kind]()


def exchange(port, request):
    """The status of the answer, and the offset it tells; the server may have heard enough before the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        try:
            client.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = client.recv(65536)
        assert answer.startswith(b"HTTP/1.1 "), answer
        told = re.search(rb"Upload-Offset: (\d+)", answer)
        return int(answer[9:12]), told and int(told[1])


def test_requests_that_lie_change_nothing(ours):
    callers = [Caller(ours.port) for _ in range(CLIENTS)]
    kinds = []

    def try_it(i, chance):
        caller = callers[i]
        content = chance.randbytes(chance.randrange(2, 300_000))
        path = caller.create(len(content))
        offset = chance.randrange(len(content))
        if offset:
            assert caller.patch(path, 0, content[:offset]).status == 204
        for _ in range(4):
            kind, request, statuses = lie(path, offset, content[offset:], chance)
            kinds.append(kind)
            begin = time.monotonic()
            status, told = exchange(ours.port, request)
            assert status in statuses, (kind, status)
            upload = caller.json(path)
            # Each second what came is acknowledged, and stays, whatever comes after it.
            if time.monotonic() - begin > 1 and kind == "one too many in chunks":
                offset = told
            assert told in (None, offset), kind
            assert (caller.offset(path), upload["offset"], upload["state"]) == (offset, offset, "receiving"), kind
            assert file_of(ours, path).stat().st_size == offset, kind
        finish(caller, path, content)

    share_out(form(50, 500), seeded(), try_it)
    measured(f"{len(kinds)} lies of {len(set(kinds))} kinds")
