"""Many files at once: fast ones in parallel parts, and very many slow ones."""

import asyncio
import hashlib
import os
import shutil

import pytest
from clients import (ADDRESSES, PATIENCE, TUS, Caller, Probe, Watch, allow_many_descriptors, connect, form, in_parallel, measured, patch_head,
                     percentile, receive_answer, seeded)
from conftest import DATA
from server import Server

pytestmark = pytest.mark.usefixtures("tiny")

MB = 1 << 20
PARTS = 4


def disk_use(folder):
    """Unit: bytes, as the disk counts."""
    total = 0
    for entry in os.scandir(folder):
        try:
            total += entry.stat().st_blocks * 512
        except FileNotFoundError:
            pass  # it has just gone
    return total


def test_many_large_files_in_parallel_parts(tmp_path):
    chance = seeded()
    files, part_size, request_size = form((4, 32 * MB, 8 * MB), (16, 256 * MB, 50 * MB))
    # Cheap to make and never the same: pieces of one block of noise.
    noise = memoryview(chance.randbytes(request_size + 16 * MB))
    pieces = [[[(chance.randrange(16 * MB), min(request_size, part_size - begin)) for begin in range(0, part_size, request_size)]
               for _ in range(PARTS)] for _ in range(files)]
    server = Server(tmp_path / "data")
    server.start()
    folder = server.folder / "uploads"
    paths = [[None] * PARTS for _ in range(files)]

    def send(i):
        file, part = divmod(i, PARTS)
        caller = Caller(server.port, timeout=300)
        paths[file][part] = path = caller.create(part_size, Upload_Concat="partial")
        offset = 0
        for begin, size in pieces[file][part]:
            answer = caller.patch(path, offset, noise[begin:begin + size])
            offset += size
            assert answer.status == 204 and answer.headers["Upload-Offset"] == str(offset), answer.text
        caller.close()

    try:
        before = disk_use(folder)
        with Watch(lambda: server.memory) as memory, Watch(lambda: disk_use(folder) - before) as disk:
            in_parallel(files * PARTS, send)

            def join(file):
                caller = Caller(server.port, timeout=300)
                joined = caller.ask("POST", "/api/uploads", {**TUS, "Upload-Concat": "final;" + " ".join(paths[file])})
                assert joined.status == 201, joined.text
                expected = hashlib.sha256()
                for begin, size in (piece for part in pieces[file] for piece in part):
                    expected.update(noise[begin:begin + size])
                assert caller.json(joined.headers["Location"])["sha256"] == expected.hexdigest()
                caller.close()

            in_parallel(files, join)
        data = files * PARTS * part_size
        measured(f"{files} files in {PARTS} parts, {data / MB:.0f} MiB: memory {memory.peak / MB:.0f} MiB, disk {disk.peak / data:.3f} of the data")
        assert memory.peak <= 256 * MB
        assert data <= disk.peak <= 1.1 * data
    finally:
        server.kill()
        shutil.rmtree(server.folder)


async def upload_slowly(port, address, content, rate):
    """Sends at so many bytes a second; returns the upload's path."""
    loop = asyncio.get_running_loop()
    client = await connect(port, address)
    await loop.sock_sendall(client, (f"POST /api/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nTus-Resumable: 1.0.0\r\n"
                                     f"Upload-Length: {len(content)}\r\n\r\n").encode())
    status, body, fields = await receive_answer(client)
    assert status == 201, body
    path = fields[b"location"].decode()
    await loop.sock_sendall(client, patch_head(path, 0, len(content)))
    begin = loop.time()
    step = rate // 4
    for offset in range(0, len(content), step):
        await loop.sock_sendall(client, content[offset:offset + step])
        await asyncio.sleep(begin + (offset + step) / rate - loop.time())
    status, body, _ = await receive_answer(client)
    client.close()
    assert status == 204, body
    return path


def test_very_many_slow_uploads_hold_nobody_up(tmp_path):
    chance = seeded()
    allow_many_descriptors()
    count, seconds = form((200, 6), (1000, 30))
    rate = 64 << 10
    noise = chance.randbytes(rate * seconds + count)
    contents = [memoryview(noise)[i:i + rate * seconds] for i in range(count)]
    server = Server(tmp_path / "data", "--connections-per-address-max", "4000")
    server.start()
    job = server.transcribe(DATA / "jfk.flac", language="en")["id"]

    calm = Probe.calm(server, f"/api/jobs/{job}")

    async def send_all():
        return await asyncio.gather(*(upload_slowly(server.port, ADDRESSES[i % 8], contents[i], rate) for i in range(count)))

    with Probe(server, f"/api/jobs/{job}") as probe:
        paths = asyncio.run(send_all())
        times, failures = probe.end()
    assert not failures
    caller = Caller(server.port)
    for path, content in zip(paths, contents, strict=True):
        assert caller.json(path)["sha256"] == hashlib.sha256(content).hexdigest()
    p99 = percentile(times, 0.99)
    measured(f"{count} uploads of 64 KiB/s: p99 of {len(times)} status requests {1000 * p99:.1f} ms, without them {1000 * calm:.1f}")
    assert len(times) > 50 and p99 <= calm + 0.05 * PATIENCE
    server.kill()
    shutil.rmtree(server.folder)
