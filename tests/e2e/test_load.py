"""Many requests at once: all are answered, and memory stays where it was."""

import json
import re
import shutil
import socket
import subprocess
import time

import pytest
from clients import IS_LONG, PATIENCE, TUS, Caller, form, in_parallel, measured, patch_head, percentile, seeded
from conftest import DATA, wait_until
from followers import Followers
from load import Load, check
from server import Server

MB = 1 << 20


@pytest.fixture
def wrk():
    program = shutil.which("wrk")
    if not program:
        pytest.skip("needs wrk")

    def run(url, seconds=4):
        done = subprocess.run([program, "-t", "1", "-c", "64", "-d", f"{seconds}s", "--timeout", "10s", "--latency", url],
                              capture_output=True, text=True, check=True)
        print(done.stdout)
        assert "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout, done.stdout
        return int(re.search(r"(\d+) requests in", done.stdout)[1])

    return run


def test_status_requests_leave_memory_flat(server, wrk):
    job = server.transcribe(DATA / "jfk.flac", language="en")["id"]
    wrk(f"{server.url}/api/jobs/{job}")
    wrk(f"{server.url}/api/jobs")
    before = server.memory
    count = wrk(f"{server.url}/api/jobs/{job}", 6) + wrk(f"{server.url}/api/jobs", 4)
    grown = server.memory - before
    print(f"{count} requests, {grown / 1e6:.1f} MB more")
    assert count > 1000 and grown < 4 << 20


def test_jobs_are_created_by_the_thousand(tmp_path, tiny):
    seconds, clients = form((3, 32), (60, 32))
    server = Server(tmp_path / "data", "--queued-jobs-max", "1000000")
    server.start()
    # Its bytes never come, so the jobs wait and nothing but the requests is at work.
    upload = Caller(server.port).create(1000).rsplit("/", 1)[1]
    body = json.dumps({"upload": upload, "language": "en", "reuse": False})
    end = time.monotonic() + seconds
    times, made = [], []

    def create(_):
        mine = Caller(server.port)
        while time.monotonic() < end:
            begin = time.monotonic()
            answer = mine.ask("POST", "/api/jobs", {"Content-Type": "application/json"}, body)
            times.append(time.monotonic() - begin)
            assert answer.status == 202, answer.text
            made.append(answer.headers["Location"])
        mine.close()

    in_parallel(clients, create)
    rate, p99 = len(made) / seconds, percentile(times, 0.99)
    measured(f"{rate:.0f} jobs a second from {clients} clients, p99 {1000 * p99:.1f} ms")
    assert len(set(made)) == len(made)
    # All are there after a crash.
    server.kill()
    server.start()
    for path in made[::max(1, len(made) // 100)]:
        assert server.client.get(path).json()["state"] == "queued", path
    assert rate >= 1000 / PATIENCE and p99 <= 0.05 * PATIENCE
    server.kill()


def open_patches(server, count, chance):
    """PATCHes in the middle of their bytes: the path of each, its socket, and how much it has sent."""
    caller, opened = Caller(server.port), []
    for _ in range(count):
        size = chance.randrange(1000, 200_000)
        path, sent = caller.create(size), chance.randrange(1, size)
        client = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        client.sendall(patch_head(path, 0, size) + b"x" * sent)
        opened.append((path, client, sent))
    for path, _, sent in opened:
        assert wait_until(lambda p=path, s=sent: (server.folder / "uploads" / p.rsplit("/", 1)[1]).stat().st_size == s)
    return opened


def test_a_stop_under_load_keeps_what_came_and_hands_jobs_back(tmp_path, tiny, long_talk):
    chance = seeded()
    server = Server(tmp_path / "data")
    server.start()
    jobs, slowest = [], 0
    for _ in range(form(5, 50)):
        while len([job for job in jobs if server.job(job)["state"] in ("queued", "running")]) < 2:
            jobs.append(server.submit(server.put(long_talk)["id"], language="en", reuse=False)["id"])
        running = server.wait(jobs[-1], ("running", "completed"))
        opened = open_patches(server, 20, chance)
        time.sleep(chance.uniform(0, 0.5))
        code, seconds = server.stop()
        slowest = max(slowest, seconds)
        assert code == 0 and seconds <= 10
        answers = [client.recv(12) for _, client, _ in opened]
        assert answers == [b"HTTP/1.1 503"] * 20, answers
        server.start()
        caller = Caller(server.port)
        for path, client, sent in opened:
            assert caller.offset(path) == sent
            assert caller.ask("DELETE", path, TUS).status == 204
            client.close()
        caller.close()
        # It goes on where it was, and the stop is not counted as a crash.
        assert server.wait(running["id"], ("running", "completed"), 20)
    for job in jobs:
        assert server.job(job)["state"] in ("queued", "running", "completed")
        if IS_LONG:
            assert server.wait(job, timeout=600)["state"] == "completed"
        computed = [line.split("window ")[1] for line in server.lines if f"job {job} window" in line]
        assert len(computed) == len(set(computed)), "a window was computed twice"
    measured(f"the slowest stop took {slowest:.2f} s; {len(jobs)} jobs")
    server.kill()


def slope(points):
    """Of the line that fits them best."""
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def test_memory_is_flat_over_a_long_time(server):
    warm_up, seconds = form((8, 12), (180, 720))
    load = Load(server, seeded().randrange(1 << 30))
    followers = Followers(server, form(50, 500))
    caller = Caller(server.port)
    begin, points = time.monotonic(), []
    while time.monotonic() - begin < warm_up + seconds:
        followers.read(0.5)
        for path in ("/api/jobs", "/api/performance", "/metrics", "/api/search?q=country", "/"):
            assert caller.ask("GET", path).status == 200, path
        followers.cut(followers.all[len(points) % len(followers.all)])
        for follower in followers.all:
            del follower.ids[:-1]
        points.append((time.monotonic() - begin, server.memory))
    load.end()
    points = [(x, y) for x, y in points if x > warm_up]
    per_minute = 60 * slope(points)
    measured(f"{len(points)} readings in {seconds} s after {warm_up} s: {points[0][1] / MB:.1f} to {points[-1][1] / MB:.1f} MiB, "
             f"slope {per_minute / MB:+.2f} MiB a minute; {sum(len(u.finished) for u in load.uploaders)} uploads")
    followers.close()
    check(server, load.uploaders)
    if IS_LONG:
        assert per_minute < 1 * MB
    assert points[-1][1] - points[0][1] < 24 * MB
