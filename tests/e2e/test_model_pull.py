"""`verbatim model` against a hub of our own on this machine, which cuts, lies, stalls and refuses."""

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import stop, wait_until

FILES = {
    "config.json": b'{"a": 1}',
    "tokenizer.json": b'{"b": 2}' * 1000,
    "vocabulary.txt": b"word\n" * 5000,
    "model.bin": bytes(range(256)) * 8000,
}


def sha256(content):
    return hashlib.sha256(content).hexdigest()


class Hub(ThreadingHTTPServer):
    """Serves FILES as the hub does: a redirect that states the SHA-256, then the bytes."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = dict(FILES)
        self.stated = {}         # name -> what X-Linked-ETag says, instead of the truth
        self.cut_after = {}      # name -> numbers of bytes after which each answer in turn is cut
        self.statuses = {}       # name -> statuses to answer with, in turn
        self.knows_ranges = True
        self.gate = None         # an event that model.bin waits for after its first half
        self.requests = []       # (name, range)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def names(self):
        return [name for name, _ in self.requests]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        hub = self.server
        name = self.path.rsplit("/", 1)[1]
        if self.path.startswith("/Systran/faster-whisper-tiny/resolve/main/"):
            self.send_response(302)
            self.send_header("Location", f"/bytes/{name}")
            if name == "model.bin":
                self.send_header("X-Linked-ETag", f'"{hub.stated.get(name, sha256(FILES[name]))}"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        hub.requests.append((name, self.headers.get("Range")))
        if hub.statuses.get(name):
            self.send_error(hub.statuses[name].pop(0))
            return
        self.send_bytes(hub, name)

    def send_bytes(self, hub, name):
        content = hub.files[name]
        begin = 0
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if wanted and hub.knows_ranges:
            begin = int(wanted[1])
            if begin >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        cuts = hub.cut_after.get(name, [])
        count = cuts.pop(0) if cuts else len(content)
        body = content[begin:begin + count]
        if hub.gate and name == "model.bin":
            self.wfile.write(body[:len(body) // 2])
            hub.gate.wait(30)
            body = body[len(body) // 2:]
        try:
            self.wfile.write(body)
        except OSError:
            pass
        if begin + count < len(content):
            self.close_connection = True


@pytest.fixture
def hub():
    server = Hub()
    yield server
    if server.gate:
        server.gate.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def pull(verbatim, hub):
    verbatim.env["VERBATIM_MODEL_DIR"] = str(verbatim.folder / "models")
    verbatim.env["VERBATIM_HUB_URL"] = hub.url
    for name in list(verbatim.env):
        if name.lower().endswith("_proxy"):
            del verbatim.env[name]
    return lambda **options: verbatim("model", "pull", "tiny", **options)


def installed(verbatim):
    folder = verbatim.folder / "models" / "tiny"
    return {p.name: p.read_bytes() for p in folder.iterdir()} if folder.exists() else {}


def is_whole(verbatim):
    found = installed(verbatim)
    found.pop("SHA256SUMS", None)
    return found == FILES


def test_pull_and_verify(verbatim, hub, pull):
    done = pull()
    assert done.code == 0, done
    assert done.out == f"tiny: {verbatim.folder}/models/tiny\n"
    assert done.err == ""
    assert is_whole(verbatim)
    assert f"{sha256(FILES['model.bin'])}  model.bin\n" in installed(verbatim)["SHA256SUMS"].decode()
    assert re.search(r"^tiny +installed", verbatim("model", "list").out, re.M)
    assert verbatim("model", "verify").out == "tiny: intact\n"
    before = len(hub.requests)
    assert pull().code == 0
    assert len(hub.requests) == before, "what is whole is not fetched again"


def test_verify_finds_damage_and_pull_repairs(verbatim, pull):
    pull()
    path = verbatim.folder / "models" / "tiny" / "model.bin"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    done = verbatim("model", "verify", "tiny")
    assert done.code == 3
    assert "model.bin is damaged" in done.err
    assert pull().code == 0
    assert is_whole(verbatim)


def test_cut_connections_are_resumed(verbatim, hub, pull):
    hub.cut_after["model.bin"] = [500_000, 700_000, 1]
    done = pull()
    assert done.code == 0, done
    assert is_whole(verbatim)
    ranges = [wanted for name, wanted in hub.requests if name == "model.bin"]
    assert ranges == [None, "bytes=500000-", "bytes=1200000-", "bytes=1200001-"]


def test_an_interrupted_pull_goes_on_later(verbatim, hub, pull):
    hub.gate = threading.Event()
    process = verbatim.start("model", "pull", "tiny")
    part = verbatim.folder / "models" / ".tiny.partial" / "model.bin.part"
    assert wait_until(lambda: part.exists() and part.stat().st_size == len(FILES["model.bin"]) // 2)
    done = stop(process)
    assert done.code == 130
    assert done.seconds < 1.5
    assert installed(verbatim) == {}
    hub.gate.set()
    hub.requests.clear()
    assert pull().code == 0
    assert is_whole(verbatim)
    assert hub.requests == [("model.bin", f"bytes={len(FILES['model.bin']) // 2}-")], "small files are there already"


def test_a_killed_pull_goes_on_later(verbatim, hub, pull):
    hub.gate = threading.Event()
    process = verbatim.start("model", "pull", "tiny")
    part = verbatim.folder / "models" / ".tiny.partial" / "model.bin.part"
    assert wait_until(lambda: part.exists() and part.stat().st_size > 0)
    process.kill()
    process.communicate()
    assert installed(verbatim) == {}
    hub.gate.set()
    assert pull().code == 0
    assert is_whole(verbatim)


def test_a_server_without_ranges_starts_over(verbatim, hub, pull):
    hub.knows_ranges = False
    hub.cut_after["model.bin"] = [500_000]
    assert pull().code == 0
    assert is_whole(verbatim)


def test_a_part_of_another_file_is_noticed(verbatim, hub, pull):
    folder = verbatim.folder / "models" / ".tiny.partial"
    folder.mkdir(parents=True)
    (folder / "model.bin.part").write_bytes(b"?" * 1000)
    (folder / "config.json.part").write_bytes(b"?")
    assert pull().code == 0
    assert is_whole(verbatim)


def test_a_part_longer_than_the_file_is_noticed(verbatim, hub, pull):
    folder = verbatim.folder / "models" / ".tiny.partial"
    folder.mkdir(parents=True)
    (folder / "model.bin.part").write_bytes(FILES["model.bin"] + b"more")
    assert pull().code == 0
    assert is_whole(verbatim)


def test_wrong_bytes_are_refused(verbatim, hub, pull):
    hub.files["model.bin"] = b"wrong" * 1000
    done = pull()
    assert done.code == 3
    assert "model.bin is not the file it should be" in done.err
    assert installed(verbatim) == {}
    hub.files["model.bin"] = FILES["model.bin"]
    assert pull().code == 0, "the wrong bytes were not kept"


def test_a_missing_file(verbatim, hub, pull):
    hub.statuses["tokenizer.json"] = [404] * 10
    done = pull()
    assert done.code == 3
    assert "tokenizer.json: the server answers with HTTP status 404" in done.err
    assert hub.names().count("tokenizer.json") == 1, "not tried again"
    assert installed(verbatim) == {}


def test_a_busy_server_is_tried_again(verbatim, hub, pull):
    hub.statuses["config.json"] = [503, 429]
    assert pull().code == 0
    assert hub.names().count("config.json") == 3


def test_two_pulls_at_once(verbatim, hub, pull):
    hub.gate = threading.Event()
    first, second = (verbatim.start("model", "pull", "tiny") for _ in range(2))
    assert wait_until(lambda: "model.bin" in hub.names())
    hub.gate.set()
    assert first.wait(60) == 0
    assert second.wait(60) == 0
    assert is_whole(verbatim)
    assert hub.names().count("model.bin") == 1, "the second found it there"


def test_offline(verbatim, hub, pull):
    verbatim.env["VERBATIM_HUB_URL"] = "http://verbatim.invalid"
    done = pull(timeout=60)
    assert done.code == 3
    lines = done.err.splitlines()
    assert lines[0] == "verbatim: model tiny could not be fetched"
    assert lines[1].startswith("  http://verbatim.invalid/Systran/faster-whisper-tiny: config.json: ")
    assert len(lines) == 2, "one line per source"


def test_transcribing_says_why_there_is_no_model(verbatim, hub, pull):
    verbatim.env["VERBATIM_HUB_URL"] = "http://verbatim.invalid"
    (verbatim.folder / "talk.wav").write_bytes(b"RIFF")
    done = verbatim("transcribe", "--model", "tiny", "talk.wav")
    assert done.code == 3
    assert "model tiny could not be fetched" in done.err


def test_transcribing_fetches_the_model_first(verbatim, hub, pull):
    (verbatim.folder / "talk.wav").write_bytes(b"RIFF")
    done = verbatim("transcribe", "--model", "tiny", "talk.wav", "--progress", "json")
    assert is_whole(verbatim)
    assert '"event":"pull"' in done.err
    assert done.code == 3, "these bytes are no real model"


def test_full_disk(verbatim, hub, pull, small_disk):
    verbatim.env["VERBATIM_MODEL_DIR"] = str(small_disk)
    done = pull()
    assert done.code == 4
    assert "No space left" in done.err
    assert not (small_disk / "tiny").exists()


def test_a_folder_that_cannot_be_made(verbatim, pull):
    verbatim.env["VERBATIM_MODEL_DIR"] = "/proc/verbatim"
    done = pull()
    assert done.code == 3
    assert "/proc/verbatim" in done.err


def test_https_is_not_left(verbatim, hub, pull):
    """A redirect from http stays allowed for a hub that is http itself; other protocols never are."""
    secret = verbatim.folder / "secret"
    secret.write_text("x")
    hub.RequestHandlerClass = type("Redirecting", (Handler,), {"do_GET": lambda self: redirect(self, f"file://{secret}")})
    done = pull()
    assert done.code == 3
    assert installed(verbatim) == {}


def redirect(handler, target):
    handler.send_response(302)
    handler.send_header("Location", target)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def test_verify_without_models(verbatim, pull):
    done = verbatim("model", "verify")
    assert (done.code, done.out) == (0, "no model is installed\n")
    assert verbatim("model", "verify", "tiny").code == 3
