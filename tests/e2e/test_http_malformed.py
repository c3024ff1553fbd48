"""Requests that no server may take, sent to the real program: the cases of tests/data/http_malformed.json, which the
unit tests of `http` read too. Each comes whole, byte by byte and cut at random, with one more request behind it."""

import json
import random
import re
import select
import socket

import pytest
from conftest import DATA

ONE_MORE = b"GET /api/jobs HTTP/1.1\r\nHost: a\r\n\r\n"
STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5]\d\d) ")
SEED = 20


def read_cases():
    cases = json.loads((DATA / "http_malformed.json").read_text(encoding="utf-8"))["cases"]
    for case in cases:
        parts = (part if isinstance(part, str) else part["repeat"] * part["times"] for part in case["raw"])
        case["raw"] = "".join(parts).encode("latin-1")
    return cases


def pieces(raw, split, chance):
    if split == "whole":
        yield raw
    begin = len(raw) if split == "whole" else 0
    while begin < len(raw):
        end = begin + (1 if split == "byte by byte" else chance.randint(1, 40))
        yield raw[begin:end]
        begin = end


def exchange(port, parts):
    """Sends until an answer comes, then returns all that comes until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for part in parts:
                if select.select([client], [], [], 0)[0]:
                    break
                client.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has heard enough
        received = b""
        while data := client.recv(65536):
            received += data
        return received


@pytest.mark.parametrize("split", ["whole", "byte by byte", "random"])
def test_each_is_refused_once(server, split):
    cases = read_cases()
    assert len(cases) >= 400
    chance = random.Random(SEED)
    for case in cases:
        received = exchange(server.port, pieces(case["raw"] + ONE_MORE, split, chance))
        statuses = [int(status) for status in STATUS_LINE.findall(received)]
        # A handler may refuse a request, here for its Host, before it looks at the body and what is wrong with it.
        expected = range(400, 500) if case["name"].startswith(("chunks: ", "length: 18 digits")) else [case["status"]]
        assert len(statuses) == 1 and statuses[0] in expected, (case["name"], received[:300])
        assert b"\r\nConnection: close\r\n" in received, case["name"]
        assert b"application/problem+json" in received, case["name"]
    assert server.client.get("/healthz").status_code == 200
    assert server.client.get("/api/jobs").json()["jobs"] == []
