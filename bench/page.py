#!/usr/bin/env python3
"""What the page for browsers costs: start, size, frames of a transcript of ten hours, CPU of the dashboard.

    bench/page.py [--program build/release/verbatim] [--cpu-seconds 60] [start] [transcript] [dashboard]

Starts a server of its own with a folder that is removed afterwards. Needs chromium, node and npm, and the model that
--model names. The exit code is 1 if a limit is exceeded.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path)
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--cpu-seconds", type=int, default=60)
    parser.add_argument("what", nargs="*", choices=["start", "transcript", "dashboard", []])
    arguments = parser.parse_args()
    if arguments.program:
        os.environ["VERBATIM_PROGRAM"] = str(arguments.program.resolve())
    import page_driver
    from server import Server

    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data", model=arguments.model)
        server.start()
        try:
            env = {"CPU_SECONDS": str(arguments.cpu_seconds)}
            return page_driver.run(server, folder, "measure.js", *arguments.what, env=env).returncode
        finally:
            server.kill()


if __name__ == "__main__":
    sys.exit(main())
