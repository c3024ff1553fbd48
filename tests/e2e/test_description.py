"""The API holds what GET /openapi.json says of it, whatever is sent: thousands of requests made up from the description."""

import json
import os
import re
import subprocess
import sys

import pytest
from clients import form, measured, seeded
from conftest import DATA

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance"


def test_no_request_breaks_the_description(server, tmp_path):
    pytest.importorskip("schemathesis")
    seed = seeded().randrange(1 << 30)
    server.transcribe(DATA / "jfk.flac", language="en")
    report = tmp_path / "report.ndjson"
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json", "--seed", seed, "--checks", CHECKS,
               # A stream without an end; tests/e2e/test_server.py follows it.
               "--exclude-path", "/api/events",
               "--phases", "examples,coverage,fuzzing", "--max-examples", form(30, 400), "--continue-on-failure", "--no-shrink",
               "--generation-database", "none", "--suppress-health-check", "all", "--request-timeout", "30", "--warnings", "off",
               "--output-truncate", "false", "--report", "ndjson", "--report-ndjson-path", report, "--no-color"]
    done = subprocess.run(list(map(str, command)), cwd=tmp_path, capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONWARNINGS": "ignore"})
    cases = re.search(r"(\d+) generated", done.stdout)
    measured(f"{cases[1] if cases else 'no'} requests")
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
    assert int(cases[1]) >= form(2000, 20_000)
    assert server.client.get("/healthz").status_code == 200
