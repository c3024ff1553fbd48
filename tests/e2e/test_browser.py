"""What browsers see: a real one follows the stream of events, also over a crash of the server."""

import json
import os
import shutil
import subprocess
import threading

import pytest
from conftest import DATA, ROOT, wait_until

FOLDER = ROOT / "tests" / "e2e" / "browser"


@pytest.fixture(scope="session")
def node_folder():
    chromium = shutil.which("chromium")
    if not chromium or not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("needs chromium, node and npm")
    folder = ROOT / "build" / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.iterdir():
        shutil.copy(path, folder)
    if not (folder / "node_modules" / "playwright-core").is_dir():
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            pytest.skip("npm cannot fetch the packages: " + done.stderr[-300:])
    return folder


class Browser(threading.Thread):
    """Follows the events of a server until `count` jobs are completed."""

    def __init__(self, folder, url, count):
        super().__init__(daemon=True)
        env = {**os.environ, "CHROMIUM": shutil.which("chromium")}
        self.process = subprocess.Popen(["node", "event_source.js", url, str(count)], cwd=folder, env=env,
                                        stdout=subprocess.PIPE, text=True)
        self.got = []
        self.start()
        assert wait_until(lambda: self.of("open"), 60)

    def run(self):
        for line in self.process.stdout:
            self.got.append(json.loads(line))

    def of(self, kind):
        return [event for event in list(self.got) if event["type"] == kind]


def test_a_browser_misses_nothing_though_the_server_is_killed(server, node_folder):
    browser = Browser(node_folder, server.url, 2)
    server.transcribe(DATA / "jfk.flac", language="en")
    assert wait_until(lambda: any(e["data"]["state"] == "completed" for e in browser.of("job")))
    port = server.port
    server.kill()
    server.start(port)
    server.transcribe(DATA / "lj001_0005.mp3", language="en")
    browser.process.wait(60)
    browser.join(10)
    assert len(browser.of("open")) >= 2
    ids = [event["id"] for event in browser.got if "id" in event]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    text = "".join(event["data"]["text"] for event in browser.of("segment"))
    assert "ask what you can do for your country" in text.lower()
