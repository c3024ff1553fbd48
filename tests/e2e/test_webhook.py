"""Webhooks: signed, tried again, never lost; private addresses are refused."""

import hashlib
import hmac
import http.server
import json
import threading
import time

import pytest
from conftest import DATA, wait_until
from server import Server

SECRET = "between us"


class Receiver:
    """A little server that remembers what it was told; answers as `answers` says, then 200."""

    def __init__(self, answers=(), port=0):
        self.requests, self.answers = [], list(answers)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append((self.path, dict(self.headers), body))
                code = outer.answers.pop(0) if outer.answers else 200
                self.send_response(code)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def start(folder, *flags, url):
    server = Server(folder, "--webhook-allow-private", *flags, env={"VERBATIM_WEBHOOK_URL": url, "VERBATIM_WEBHOOK_SECRET": SECRET})
    server.start()
    return server


def check_signature(request):
    _, headers, body = request
    fields = dict(part.split("=", 1) for part in headers["Verbatim-Signature"].split(","))
    assert abs(int(fields["t"]) - time.time()) < 60
    expected = hmac.new(SECRET.encode(), f"{fields['t']}.".encode() + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(fields["v1"], expected)


def test_a_job_that_ended_is_told_once_with_a_signature(tmp_path, tiny):
    receiver = Receiver()
    server = start(tmp_path / "data", url=receiver.url)
    job = server.transcribe(DATA / "jfk.flac", language="en")
    assert wait_until(lambda: receiver.requests)
    path, headers, body = receiver.requests[0]
    told = json.loads(body)
    assert path == "/hook" and headers["Content-Type"] == "application/json" and headers["Verbatim-Event"] == "job"
    assert (told["id"], told["state"]) == (job["id"], "completed")
    check_signature(receiver.requests[0])
    time.sleep(2)
    assert len(receiver.requests) == 1
    # The secret is shown nowhere.
    shown = server.client.get("/api/performance/settings").text
    assert SECRET not in shown and "(set)" in shown
    server.kill()


def test_failures_are_tried_again_and_a_restart_loses_nothing(tmp_path, tiny):
    receiver = Receiver(answers=[500, 302])
    server = start(tmp_path / "data", url=receiver.url)
    job = server.transcribe(DATA / "jfk.flac", language="en")
    assert wait_until(lambda: len(receiver.requests) == 1)
    server.kill()
    server.start()
    assert wait_until(lambda: len(receiver.requests) == 3, 60)
    assert all(path == "/hook" for path, _, _ in receiver.requests)  # no redirect is followed
    assert {headers["Verbatim-Delivery"] for _, headers, _ in receiver.requests} == {"1"}
    assert all(json.loads(body)["id"] == job["id"] for _, _, body in receiver.requests)
    server.kill()
    receiver.close()


def test_what_ended_while_the_other_side_was_away_is_told_later(tmp_path, tiny):
    away = Receiver()
    port, url = away.port, away.url
    away.close()
    server = start(tmp_path / "data", url=url)
    job = server.transcribe(DATA / "jfk.flac", language="en")
    assert wait_until(lambda: any("was not told" in line for line in server.lines))
    server.kill()
    receiver = Receiver(port=port)
    server.start()
    assert wait_until(lambda: receiver.requests, 40)
    assert json.loads(receiver.requests[0][2])["id"] == job["id"]
    server.kill()
    receiver.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"])
def test_private_addresses_are_refused(tmp_path, tiny, host):
    receiver = Receiver()
    server = Server(tmp_path / "data", env={"VERBATIM_WEBHOOK_URL": f"http://{host}:{receiver.port}/hook"})
    server.start()
    server.transcribe(DATA / "jfk.flac", language="en")
    assert wait_until(lambda: any("was not told" in line for line in server.lines))
    assert not receiver.requests
    server.kill()
    receiver.close()


def test_a_job_may_name_an_address_only_where_that_is_allowed(tmp_path, tiny):
    receiver = Receiver()
    own = receiver.url + "/of-the-job"
    server = Server(tmp_path / "data", "--webhook-allow-private")
    server.start()
    upload = server.put(DATA / "jfk.flac")["id"]
    refused = server.client.post("/api/jobs", json={"upload": upload, "webhook": own})
    assert refused.status_code == 400 and "webhook_per_job" in refused.json()["detail"]
    server.stop()
    server.flags += ("--webhook-per-job",)
    server.start()
    job = server.wait(server.submit(upload, language="en", webhook=own)["id"])
    assert wait_until(lambda: receiver.requests)
    assert receiver.requests[0][0] == "/hook/of-the-job" and json.loads(receiver.requests[0][2])["id"] == job["id"]
    assert "Verbatim-Signature" not in receiver.requests[0][1]
    server.kill()
    receiver.close()
