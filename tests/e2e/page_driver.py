"""Runs scripts of browser/ with node in a real browser, against a server that they can kill and start again."""

import http.server
import os
import shutil
import subprocess
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = ROOT / "tests" / "e2e" / "browser"


class Missing(Exception):
    """What a browser needs and this machine lacks."""


def node_folder():
    """A folder with browser/ and the packages that it needs; the browser itself is the system's."""
    if not all(map(shutil.which, ("chromium", "node", "npm"))):
        raise Missing("needs chromium, node and npm")
    folder = ROOT / "build" / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    installed = folder / "node_modules" / "installed.json"
    for path in SOURCES.iterdir():
        shutil.copy(path, folder)
    lock = (folder / "package-lock.json").read_bytes()
    if not installed.is_file() or installed.read_bytes() != lock:
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise Missing("npm cannot fetch the packages: " + done.stderr[-300:])
        installed.write_bytes(lock)
    return folder


class Control:
    """An address at which a script asks for its server to be killed, stopped or started again."""

    def __init__(self, server):
        port = server.port
        deeds = {"/kill": server.kill, "/stop": server.stop, "/start": lambda: server.start(port)}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                deeds[self.path]()
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.listener = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.listener.server_address[1]}"
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown()
        self.listener.server_close()


def run(server, folder, *command, env=None, **options):
    """Runs node in the folder of browser/ against a server; `folder` is the script's to work in."""
    with Control(server) as control:
        env = {**os.environ, "SERVER": server.url, "CONTROL": control.url, "DATA": str(ROOT / "tests" / "data"), "FOLDER": str(folder),
               "CHROMIUM": shutil.which("chromium"), **(env or {})}
        return subprocess.run(["node", *command], cwd=node_folder(), env=env, check=False, **options)


def write_long_talk(path, rounds=12):
    """A clip again and again: long enough to be watched and interrupted."""
    subprocess.run([shutil.which("ffmpeg"), "-v", "error", "-y", "-stream_loop", str(rounds), "-i", ROOT / "tests" / "data" / "jfk.flac",
                    "-c:a", "pcm_s16le", path], check=True)
