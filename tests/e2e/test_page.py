"""The page for browsers, in a real one: browser/page.test.js drives it against the real server and engine."""

import os
import shutil
import subprocess

from conftest import DATA


def test_the_page(server, node_folder, tmp_path):
    env = {**os.environ, "SERVER": server.url, "DATA": str(DATA), "FOLDER": str(tmp_path), "CHROMIUM": shutil.which("chromium")}
    done = subprocess.run(["node", "--test", "page.test.js"], cwd=node_folder, env=env, capture_output=True, text=True,
                          timeout=280, check=False)
    assert done.returncode == 0, done.stdout[-12000:] + done.stderr[-2000:]
