"""Very many clients: followers of events, those that send or read slowly, and more than the system has descriptors for."""

import asyncio
import contextlib
import os
import resource
import socket
import tempfile
import time
from pathlib import Path

import pytest
from clients import (ADDRESSES, PATIENCE, Caller, Probe, allow_many_descriptors, connect, cpu_seconds, form, in_parallel, measured,
                     percentile, seeded)
from conftest import DATA, wait_until
from followers import Follower, Followers
from server import Server

pytestmark = pytest.mark.usefixtures("tiny")

KB = 1 << 10
MANY = ("--connections-max", "18000", "--connections-per-address-max", "18000")


@contextlib.contextmanager
def running(folder, *flags, **options):
    server = Server(folder, *flags, **options)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def some_job(server):
    return server.transcribe(DATA / "jfk.flac", language="en")["id"]


def event_clients(server):
    for line in server.client.get("/metrics").text.splitlines():
        if line.startswith("verbatim_event_clients "):
            return int(float(line.split()[1]))
    raise AssertionError("no such metric")


def rename(server, job, title):
    assert server.client.patch(f"/api/jobs/{job}", json={"title": title}).status_code == 200


def send_queues(server):
    """What the system keeps for each of the server's connections, not yet taken by the client. Unit: bytes."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [int(fields[4].split(":")[0], 16) for fields in lines if int(fields[1].split(":")[1], 16) == server.port]


def stand_still(server, count):
    """Followers who ask for all that ever happened, and read nothing."""
    still = [Follower(i, server.port) for i in range(count)]
    for follower in still:
        follower.connect(last=0, receive_buffer=4 * KB)
    return still


def test_each_of_very_many_followers_hears_every_event_in_order(tmp_path):
    chance = seeded()
    allow_many_descriptors()
    count, seconds = form((2000, 8), (10_000, 60))
    timeout = form(4, 30)
    with running(tmp_path / "data", *MANY, "--body-timeout-seconds", timeout) as server:
        job = some_job(server)

        def make_history(_):
            caller = Caller(server.port)
            for i in range(250):
                caller.ask("PATCH", f"/api/jobs/{job}", {"Content-Type": "application/json"}, '{"title":"%s"}' % (f"{i} " + 190 * "x"))
            caller.close()

        in_parallel(8, make_history)
        before = server.memory
        followers = Followers(server, count)
        assert wait_until(lambda: followers.read(0.1) or event_clients(server) == count)
        of_each = (server.memory - before) / count
        still = stand_still(server, count // 100)
        kept = 0
        begin = time.monotonic()
        for second in range(seconds):
            rename(server, job, f"second {second}")
            for follower in chance.sample(followers.all, max(1, count // 20 // seconds)):
                followers.cut(follower)
            followers.read(max(0, begin + second + 1 - time.monotonic()))
            kept = max(kept, *send_queues(server))
        grown = (server.memory - before) / count
        last = max(f.ids[-1] for f in followers.all if f.ids)
        rename(server, job, "the last")
        assert wait_until(lambda: followers.read(0.1) or all(f.ids and f.ids[-1] > last for f in followers.all))
        for follower in followers.all:
            assert follower.ids == list(range(follower.ids[0], last + 2)), (follower.number, follower.cuts, follower.ids)
            # Whoever broke off before hearing anything begins anew.
            assert len(follower.ids) == seconds + 1 or follower.cuts
        measured(f"{count} followers: {of_each / KB:.1f} KiB of memory each, {grown / KB:.1f} after {seconds} events; "
                 f"{sum(f.cuts for f in followers.all)} came again")
        assert max(of_each, grown) <= 32 * KB
        # Those who stand still are dropped, also by name: their connections end.
        assert wait_until(lambda: followers.read(0.1) or event_clients(server) == count, timeout + 10 * PATIENCE)
        for follower in still:
            follower.socket.setblocking(True)
            follower.socket.settimeout(10)
            with contextlib.suppress(ConnectionResetError):
                while follower.socket.recv(65536):
                    pass
        measured(f"{len(still)} that stood still were dropped; {kept / KB:.0f} KiB were kept for each at most")
        assert 0 < kept <= 512 * KB
        followers.close()


class Attack:
    """A client that wants to hold its connection: how long could it?"""

    def __init__(self, kind, address):
        self.kind, self.address, self.seconds = kind, address, None

    async def run(self, port, media):
        loop = asyncio.get_running_loop()
        client = await connect(port, self.address, receive_buffer=4 * KB if self.kind == "slow read" else None)
        begin = time.monotonic()
        if self.kind == "slow header":
            first, drop = b"GET /api/jobs HTTP/1.1\r\nX: ", b"x"
        elif self.kind == "slow body":
            first, drop = b"PUT /api/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n", b"x"
        elif self.kind == "slow read":
            first, drop = f"GET {media} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode(), b""
        else:
            first, drop = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b""
        await loop.sock_sendall(client, first)
        with contextlib.suppress(ConnectionError):
            while not await self.is_ended(client):
                await asyncio.sleep(1)
                if drop:
                    await loop.sock_sendall(client, drop)
        self.seconds = time.monotonic() - begin
        client.close()

    async def is_ended(self, client):
        """Without taking bytes from one that is read slowly."""
        if self.kind == "slow read":
            state = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
            return state != 1  # established
        try:
            return client.recv(65536) == b""
        except BlockingIOError:
            return False


def test_slow_attackers_are_put_out_and_hold_nobody_up(tmp_path):
    seeded()
    allow_many_descriptors()
    count = form(500, 5000)
    timeouts = form({"slow header": 3, "slow body": 4, "slow read": 4, "idle": 3}, {"slow header": 10, "slow body": 30, "slow read": 30, "idle": 75})
    flags = ("--header-timeout-seconds", timeouts["slow header"], "--body-timeout-seconds", timeouts["slow body"],
             "--keep-alive-timeout-seconds", timeouts["idle"])
    with running(tmp_path / "data", *MANY, *flags) as server:
        job = some_job(server)
        film = tmp_path / "film.mp4"
        film.write_bytes(os.urandom(8 << 20))
        media = f"/api/jobs/{server.transcribe(film)['id']}/media"
        attacks = [Attack(kind, ADDRESSES[1 + i % 7]) for i in range(count // 4) for kind in timeouts]

        async def attack():
            await asyncio.wait_for(asyncio.gather(*(a.run(server.port, media) for a in attacks)), 4 * max(timeouts.values()) + 30)

        calm = Probe.calm(server, f"/api/jobs/{job}", clients=50, interval=0.25)
        before = server.memory
        with Probe(server, f"/api/jobs/{job}", clients=50, interval=0.25) as probe:
            asyncio.run(attack())
            times, failures = probe.end()
        assert not failures
        held = {kind: [a.seconds for a in attacks if a.kind == kind] for kind in timeouts}
        p99 = percentile(times, 0.99)
        measured(f"{count} attackers: p99 of {len(times)} good requests {1000 * p99:.1f} ms, without them {1000 * calm:.1f}; held for "
                 + ", ".join(f"{kind} {min(s):.1f}-{max(s):.1f} s" for kind, s in held.items()) + f"; {(server.memory - before) / KB / 1024:.0f} MiB")
        for kind, seconds in held.items():
            assert timeouts[kind] - 1 <= min(seconds) and max(seconds) <= timeouts[kind] * 1.2 + 3 * PATIENCE, kind
        assert p99 <= calm + 0.1 * PATIENCE


def test_one_address_has_no_more_than_its_share(tmp_path):
    with running(tmp_path / "data", "--connections-per-address-max", "20", "--connections-max", "60") as server:
        def open_from(address, count):
            clients = []
            for _ in range(count):
                clients.append(socket.create_connection(("127.0.0.1", server.port), timeout=10, source_address=(address, 0)))
                clients[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            return [client.recv(12) for client in clients], clients

        answers, held = open_from("127.0.0.2", 40)
        assert answers.count(b"HTTP/1.1 200") == 20 and answers.count(b"HTTP/1.1 503") == 20
        answers, more = open_from("127.0.0.3", 20)
        assert set(answers) == {b"HTTP/1.1 200"}
        assert Caller(server.port).ask("GET", "/healthz").status == 200
        for client in held + more:
            client.close()


def open_until_full(server, count):
    """Connections, each of which says nothing."""
    clients = []
    for i in range(count):
        client = socket.socket()
        client.setblocking(False)
        client.bind((ADDRESSES[i % 8], 0))
        client.connect_ex(("127.0.0.1", server.port))
        clients.append(client)
    time.sleep(0.5)
    return clients


def share_of_a_core(server, seconds):
    before = cpu_seconds(server.process.pid)
    time.sleep(seconds)
    return (cpu_seconds(server.process.pid) - before) / seconds


def test_few_descriptors_are_left_to_those_who_are_served(tmp_path):
    server = Server(tmp_path / "data")
    server.before_start = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    server.start()
    assert any("at most 140 connections" in line for line in server.lines)
    caller = Caller(server.port)
    assert caller.ask("GET", "/healthz").status == 200
    idle = open_until_full(server, 400)
    assert share_of_a_core(server, form(2, 20)) < 0.2
    # Whoever is served can do everything.
    speech = (DATA / "jfk.flac").read_bytes()
    upload = caller.ask("PUT", "/api/uploads?filename=jfk.flac", body=speech)
    assert upload.status == 201, upload.text
    job = caller.ask("POST", "/api/jobs", {"Content-Type": "application/json"}, '{"upload":"%s"}' % upload.headers["Location"].rsplit("/", 1)[1])
    assert job.status == 202, job.text
    path = job.headers["Location"]
    assert wait_until(lambda: caller.json(path)["state"] == "completed", 60), caller.json(path)
    for client in idle:
        client.close()
    assert wait_until(lambda: Caller(server.port).ask("GET", "/healthz").status == 200, 5)
    server.kill()


def test_without_descriptors_accepting_pauses_and_goes_on(tmp_path):
    with running(tmp_path / "data") as server:
        job = some_job(server)
        caller = Caller(server.port)
        path = f"/api/jobs/{job}"
        assert caller.ask("GET", path).status == 200
        used = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        before = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (used + 20, before[1]))
        idle = open_until_full(server, 200)
        busy = share_of_a_core(server, form(3, 60))
        assert caller.ask("GET", path).status == 200
        refused = caller.ask("PUT", "/api/uploads", body=b"x")
        assert refused.status == 503, (refused.status, refused.text)
        for client in idle:
            client.close()
        begin = time.monotonic()
        fresh = Caller(server.port)
        assert fresh.ask("GET", path).status == 200
        measured(f"{100 * busy:.1f} % of a core while there is no descriptor; accepts again after {time.monotonic() - begin:.2f} s")
        assert busy < 0.2 and time.monotonic() - begin < 2 * PATIENCE
        assert fresh.ask("PUT", "/api/uploads", body=b"x").status == 201
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, before)
        some_job(server)


@pytest.fixture
def few_processes():
    """Bounds how many processes and threads a process and its children may have."""
    root = Path("/sys/fs/cgroup/pids")
    if not root.is_dir() or not os.access(root, os.W_OK):
        pytest.skip("needs control groups (version 1) and the right to make one")
    group = Path(tempfile.mkdtemp(prefix="verbatim_", dir=root))

    def bound(pid, spare):
        (group / "cgroup.procs").write_text(str(pid))
        (group / "pids.max").write_text(str(int((group / "pids.current").read_text()) + spare) if spare is not None else "max")

    yield bound
    wait_until(lambda: not (group / "cgroup.procs").read_text(), 10)
    group.rmdir()


def test_without_processes_jobs_wait_or_say_so_and_all_goes_on(tmp_path, few_processes):
    with running(tmp_path / "data") as server:
        some_job(server)
        few_processes(server.process.pid, 0)
        upload = server.put(DATA / "jfk.flac")["id"]
        job = server.submit(upload, language="en", reuse=False)["id"]
        busy = share_of_a_core(server, form(3, 60))
        state = server.job(job)
        few_processes(server.process.pid, None)
        measured(f"without a process more a job is {state['state']}, {state.get('error')}; {100 * busy:.1f} % of a core")
        assert busy < 0.3
        assert server.client.get("/healthz").status_code == 200
        if state["state"] == "failed":
            assert state["error"]["code"] == "busy", state
            assert server.client.post(f"/api/jobs/{job}/retry").status_code == 202
        assert server.wait(job)["state"] == "completed"
