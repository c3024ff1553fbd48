"""The page for browsers, in a real one: browser/*.test.js drive it against the real server and engine."""

import os
import shutil
import subprocess

import pytest
from conftest import DATA
from server import Server


@pytest.fixture
def server(tmp_path, tiny):
    """One that has patience with uploads that are held up."""
    running = Server(tmp_path / "data", "--body-timeout-seconds", 600)
    running.start()
    yield running
    running.kill()


def drive(server, node_folder, folder, name):
    """Runs one file of browser tests against a server."""
    env = {**os.environ, "SERVER": server.url, "DATA": str(DATA), "FOLDER": str(folder), "CHROMIUM": shutil.which("chromium")}
    done = subprocess.run(["node", "--test", name], cwd=node_folder, env=env, capture_output=True, text=True, timeout=280,
                          check=False)
    assert done.returncode == 0, done.stdout[-12000:] + done.stderr[-2000:]


def test_the_page(server, node_folder, tmp_path):
    ffmpeg = shutil.which("ffmpeg")
    if not ffmpeg:
        pytest.skip("needs the program ffmpeg")
    subprocess.run([ffmpeg, "-v", "error", "-stream_loop", "12", "-i", DATA / "jfk.flac", "-c:a", "pcm_s16le",
                    tmp_path / "long talk.wav"], check=True)
    drive(server, node_folder, tmp_path, "page.test.js")


def test_editing(server, node_folder, tmp_path):
    drive(server, node_folder, tmp_path, "editing.test.js")


def test_the_library(server, node_folder, tmp_path):
    drive(server, node_folder, tmp_path, "library.test.js")
