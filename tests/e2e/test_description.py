"""The API holds what GET /openapi.json says of it, whatever is sent: requests made up from the description, right and wrong ones."""

import os
import re
import subprocess
import sys
from pathlib import Path

from clients import IS_LONG, form, measured, seeded
from conftest import DATA

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance"


def test_no_request_breaks_the_description(server, tmp_path):
    # ./test tries the same requests each time; a campaign finds new ones.
    seed = seeded().randrange(1 << 30) if IS_LONG else 1
    server.transcribe(DATA / "jfk.flac", language="en")
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json", "--seed", seed, "--checks", CHECKS,
               # A stream without an end; tests/e2e/test_server.py follows it.
               "--exclude-path", "/api/events",
               "--phases", "examples,fuzzing", "--max-examples", form(20, 500), "--continue-on-failure", "--no-shrink",
               "--generation-database", "none", "--suppress-health-check", "all", "--request-timeout", "30", "--warnings", "off",
               "--output-truncate", "false", "--no-color"]
    done = subprocess.run(list(map(str, command)), cwd=tmp_path, capture_output=True, text=True, check=False,
                          env={**os.environ, "SCHEMATHESIS_HOOKS": "description_hooks", "PYTHONPATH": str(Path(__file__).parent)})
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
    cases = int(re.search(r"(\d+) generated", done.stdout)[1])
    measured(f"{cases} requests, none answered in another way than described")
    assert cases >= form(700, 16_000)
    assert server.client.get("/healthz").status_code == 200
