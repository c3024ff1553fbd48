#!/usr/bin/env python3
"""The server under load: status requests a second with their latencies, and memory.

    bench/server_load.py [--program build/release/verbatim] [--seconds 10] [--json PATH]

Starts a server of its own with a folder that is removed afterwards. Needs wrk, and the model that --model names.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))


def wrk(url, seconds, connections, rate_note):
    done = subprocess.run(["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--latency", url],
                          capture_output=True, text=True, check=True).stdout
    unit = {"us": 0.001, "ms": 1, "s": 1000}
    times = {name: float(value) * unit[u] for name, value, u in re.findall(r"(50|99)%\s+([\d.]+)(us|ms|s)", done)}
    failed = sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", done))) + sum(map(int, re.findall(r"Non-2xx.*: (\d+)", done)))
    result = {"what": rate_note, "requests_per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1]),
              "p50_ms": times["50"], "p99_ms": times["99"], "failed": failed}
    print(f"{rate_note:<28}{result['requests_per_second']:10.0f}/s   p50 {times['50']:7.2f} ms   p99 {times['99']:7.2f} ms   failed {failed}")
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path)
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.program:
        import os
        os.environ["VERBATIM_PROGRAM"] = str(arguments.program.resolve())
    from server import Server

    results = {}
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data", model=arguments.model)
        results["start_s"] = server.start()
        try:
            job = server.transcribe(ROOT / "tests" / "data" / "jfk.flac")["id"]
            results["memory_before_mb"] = server.memory / 1e6
            results["runs"] = [wrk(f"{server.url}{path}", arguments.seconds, arguments.connections, note) for path, note in (
                (f"/api/jobs/{job}", "status of a job"), ("/api/jobs", "list of jobs"), ("/healthz", "health"),
                (f"/api/jobs/{job}/transcript.srt", "subtitles"), ("/api/search?q=country", "search"))]
            results["memory_after_mb"] = server.memory / 1e6
        finally:
            server.kill()
    print(f"memory {results['memory_before_mb']:.1f} MB before, {results['memory_after_mb']:.1f} MB after; ready after {results['start_s']:.2f} s")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
