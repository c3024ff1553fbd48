"""The page for browsers, in a real one: browser/*.test.js drive it against the real server and engine."""

import shutil

import page_driver
import pytest
from server import Server


@pytest.fixture
def server(tmp_path, tiny):
    """One that has patience with uploads that are held up."""
    running = Server(tmp_path / "data", "--body-timeout-seconds", 600)
    running.start()
    yield running
    running.kill()


@pytest.fixture
def long_talk(tmp_path):
    """In the script's folder, by the name that it looks for."""
    if not shutil.which("ffmpeg"):
        pytest.skip("needs the program ffmpeg")
    page_driver.write_long_talk(tmp_path / "long talk.wav")


def drive(server, folder, name):
    """Runs one file of browser tests against a server."""
    try:
        done = page_driver.run(server, folder, "--test", name, capture_output=True, text=True, timeout=560)
    except page_driver.Missing as missing:
        pytest.skip(str(missing))
    assert done.returncode == 0, done.stdout[-12000:] + done.stderr[-2000:]


@pytest.mark.usefixtures("long_talk")
def test_the_page(server, tmp_path):
    drive(server, tmp_path, "page.test.js")


def test_editing(server, tmp_path):
    drive(server, tmp_path, "editing.test.js")


def test_the_library(server, tmp_path):
    drive(server, tmp_path, "library.test.js")


@pytest.mark.usefixtures("long_talk")
def test_a_server_that_dies_and_comes_back(server, tmp_path):
    drive(server, tmp_path, "restart.test.js")


@pytest.mark.usefixtures("long_talk")
def test_every_state(server, tmp_path):
    drive(server, tmp_path, "states.test.js")
