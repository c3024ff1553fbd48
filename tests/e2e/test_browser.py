"""What browsers see: a real one follows the stream of events, also over a crash of the server."""

import json
import os
import shutil
import subprocess
import threading

from conftest import DATA, wait_until


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
