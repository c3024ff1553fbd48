"""Who may use the server: tokens, sessions, scopes, rates, addresses, the audit."""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import httpx
import openai
import pytest
from conftest import DATA, PROGRAM, wait_until
from server import Server
from tusclient import client as tus
from tusclient.exceptions import TusCommunicationError

SPEECH = DATA / "jfk.flac"
SECRET = re.compile(r"vbt_[0-9a-f]{64}")


def command(server, *words):
    """Runs a command on the server's data folder; returns what it wrote."""
    done = subprocess.run([PROGRAM, *words, "--data-dir", server.folder], capture_output=True, text=True, timeout=30, check=False,
                          env=server.env)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def make_token(server, scope, name=None, *more):
    secret = command(server, "token", "create", "--name", name or scope, "--scope", scope, *more)
    assert SECRET.fullmatch(secret), secret
    return secret


def token_id(server, name):
    tokens = json.loads(command(server, "token", "list", "--json"))["tokens"]
    return next(t["id"] for t in tokens if t["name"] == name)


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


def code_of(answer):
    return answer.status_code, answer.json()["code"]


class Guarded:
    """A running server with a token of each scope."""

    def __init__(self, server):
        self.server = server
        self.read, self.upload, self.admin = (make_token(server, s) for s in ("read", "upload", "admin"))

    def ask(self, method, path, secret=None, **options):
        headers = {**(bearer(secret) if secret else {}), **options.pop("headers", {})}
        return self.server.client.request(method, path, headers=headers, **options)

    def sign_in(self, secret):
        client = httpx.Client(base_url=self.server.url, timeout=60)
        answer = client.post("/api/session", json={"token": secret})
        assert answer.status_code == 200, answer.text
        return client


@pytest.fixture
def guarded(server):
    return Guarded(server)


def test_without_tokens_nobody_is_asked(server):
    assert server.client.get("/api/jobs").status_code == 200
    assert server.client.get("/api/jobs", headers=bearer("none")).status_code == 200
    assert server.client.get("/api/session").json() == {"is_required": False}


def test_the_first_token_closes_the_server_at_once(server):
    assert server.client.get("/api/jobs").status_code == 200
    secret = make_token(server, "read")
    refused = server.client.get("/api/jobs")
    assert code_of(refused) == (401, "unauthenticated")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert server.client.get("/api/jobs", headers=bearer(secret)).status_code == 200
    for path in ("/", "/healthz", "/readyz", "/openapi.json"):
        assert server.client.get(path).status_code == 200, path


@pytest.mark.parametrize(("method", "path", "needed"), [
    ("GET", "/api/jobs", "read"), ("GET", "/api/events", "read"), ("GET", "/api/search?q=a", "read"), ("GET", "/metrics", "read"),
    ("POST", "/api/jobs", "upload"), ("PUT", "/api/uploads?filename=a.wav", "upload"), ("DELETE", "/api/jobs/" + 32 * "0", "upload"),
    ("POST", "/v1/audio/transcriptions", "upload"), ("PATCH", "/api/performance/settings", "admin"),
    ("POST", "/api/performance/optimize", "admin"), ("GET", "/api/audit", "admin"),
])
def test_scopes(guarded, method, path, needed):
    order = ("read", "upload", "admin")
    for scope in order:
        with guarded.server.client.stream(method, path, headers=bearer(getattr(guarded, scope))) as answer:
            is_enough = order.index(scope) >= order.index(needed)
            assert (answer.status_code not in (401, 403)) == is_enough, (scope, answer.status_code)


def test_wrong_tokens(guarded):
    for secret in ("x", "vbt_" + 64 * "0", guarded.read[:-1], guarded.read + "0"):
        assert guarded.ask("GET", "/api/jobs", headers=bearer(secret)).status_code in (401, 429), secret
    basic = guarded.ask("GET", "/api/jobs", headers={"Authorization": "Basic " + guarded.read})
    assert code_of(basic) == (401, "unauthenticated")


def test_tokens_in_addresses_are_refused_and_in_no_log(tmp_path, tiny):
    server = Server(tmp_path / "data", "--log-level", "debug")
    server.start()
    try:
        secret = make_token(server, "admin")
        for query in (f"access_token={secret}", f"q={secret}", f"token={secret}"):
            assert code_of(server.client.get(f"/api/jobs?{query}")) == (400, "invalid_argument")
        server.client.get(f"/api/jobs/{secret}", headers=bearer(secret))
        server.client.delete(f"/api/jobs/{secret}", headers=bearer(secret))
        server.client.post("/api/session", json={"token": secret})
        assert wait_until(lambda: any("/api/session" in line for line in server.lines), 5)
        assert not [line for line in server.lines if SECRET.search(line)]
        assert not SECRET.search(command(server, "audit"))
        assert secret.removeprefix("vbt_").encode() not in b"".join(
            path.read_bytes() for path in server.folder.iterdir() if path.is_file())
    finally:
        server.kill()


def test_tokens_outlive_a_restart_and_work_on_a_stopped_server(guarded):
    server = guarded.server
    page = guarded.sign_in(guarded.read)
    server.kill()
    late = make_token(server, "read", "late")
    server.start(port=server.port)
    assert guarded.ask("GET", "/api/jobs").status_code == 401
    assert guarded.ask("GET", "/api/jobs", late).status_code == 200
    assert page.get("/api/jobs").status_code == 200
    assert [t["name"] for t in json.loads(command(server, "token", "list", "--json"))["tokens"]] == ["read", "upload", "admin", "late"]


def test_curl_with_a_token(guarded):
    curl = shutil.which("curl")
    if not curl:
        pytest.skip("needs curl")
    url = guarded.server.url
    done = subprocess.run([curl, "-sf", "--oauth2-bearer", guarded.upload, "-T", SPEECH, f"{url}/api/uploads?filename=talk.flac"],
                          capture_output=True, text=True, check=True)
    body = json.dumps({"upload": json.loads(done.stdout)["id"]})
    done = subprocess.run([curl, "-sf", "-H", f"Authorization: Bearer {guarded.upload}", "-H", "Content-Type: application/json",
                           "-d", body, f"{url}/api/jobs"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["state"] in ("queued", "running", "completed")


def test_the_openai_client_sends_its_key_as_the_token(guarded):
    def transcribe(key):
        client = openai.OpenAI(base_url=f"{guarded.server.url}/v1", api_key=key, max_retries=0)
        with open(SPEECH, "rb") as file:
            return client.audio.transcriptions.create(file=file, model="whisper-1")

    assert "ask not what your country" in transcribe(guarded.upload).text.lower()
    with pytest.raises(openai.AuthenticationError) as wrong:
        transcribe("none")
    assert wrong.value.body["code"] == "unauthenticated" and "token" in wrong.value.body["message"]
    with pytest.raises(openai.PermissionDeniedError):
        transcribe(guarded.read)


def send_by_tus(url, headers, tmp_path):
    client = tus.TusClient(f"{url}/api/uploads", headers=headers)
    uploader = client.uploader(str(SPEECH), chunk_size=50_000, metadata={"filename": "talk.flac"})
    uploader.upload()
    return uploader.url


def test_tus_with_a_token_and_by_cookie(guarded, tmp_path):
    url = guarded.server.url
    where = send_by_tus(url, bearer(guarded.upload), tmp_path)
    assert guarded.ask("GET", where, guarded.read).json()["state"] == "complete"
    page = guarded.sign_in(guarded.upload)
    cookie = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
    where = send_by_tus(url, {"Cookie": cookie, "Origin": url}, tmp_path)
    assert page.get(where).json()["state"] == "complete"
    with pytest.raises(TusCommunicationError) as refused:
        send_by_tus(url, bearer(guarded.read), tmp_path)
    assert refused.value.status_code == 403


def test_the_session_of_the_page(guarded):
    page = guarded.sign_in(guarded.upload)
    cookie = page.post("/api/session", json={"token": guarded.upload}).headers["set-cookie"]
    assert re.match(r"verbatim_session=[0-9a-f]{64}; Path=/; Max-Age=\d+; HttpOnly; SameSite=Strict$", cookie)
    look = page.get("/api/session").json()
    assert (look["name"], look["scope"], look["is_session"]) == ("upload", "upload", True)
    job = page.post("/api/jobs", files={"file": ("talk.flac", SPEECH.read_bytes())}).json()["id"]
    with page.stream("GET", "/api/events?last_event_id=0") as stream:
        assert stream.status_code == 200
        assert next(line for line in stream.iter_lines() if line.startswith("data: "))
    part = page.get(f"/api/jobs/{job}/media", headers={"Range": "bytes=0-99"})
    assert part.status_code == 206 and len(part.content) == 100
    assert page.get("/api/audit").status_code == 403
    assert page.delete("/api/session").status_code == 204
    assert page.get("/api/jobs").status_code == 401


def test_a_session_ends_with_its_token(guarded):
    page = guarded.sign_in(guarded.read)
    assert page.get("/api/jobs").status_code == 200
    command(guarded.server, "token", "revoke", token_id(guarded.server, "read"))
    assert page.get("/api/jobs").status_code == 401
    assert guarded.ask("GET", "/api/jobs", guarded.read).status_code == 401


@pytest.mark.parametrize("headers", [
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
])
def test_pages_of_other_sites_change_nothing_by_cookie(guarded, headers):
    page = guarded.sign_in(guarded.admin)
    job = page.post("/api/jobs", files={"file": ("talk.flac", SPEECH.read_bytes())}).json()["id"]
    for method, path in (("DELETE", f"/api/jobs/{job}"), ("POST", f"/api/jobs/{job}/cancel"), ("POST", "/api/jobs"),
                         ("POST", "/api/uploads"), ("PUT", "/api/uploads"), ("PATCH", "/api/performance/settings"),
                         ("POST", "/v1/audio/transcriptions"), ("POST", "/api/session"), ("DELETE", "/api/session")):
        answer = page.request(method, path, headers=headers)
        assert answer.status_code == 403, (method, path, answer.text)
    assert page.get(f"/api/jobs/{job}").status_code == 200


def ends(stream, seconds):
    """Whether a stream ends in that time."""
    ended = threading.Event()

    def drain():
        try:
            for _ in stream.iter_raw():
                pass
        except httpx.HTTPError:
            pass
        ended.set()

    threading.Thread(target=drain, daemon=True).start()
    return ended.wait(seconds)


@pytest.mark.parametrize("by", ["token", "cookie", "expiry"])
def test_streams_end_with_the_token(guarded, by):
    server = guarded.server
    secret = make_token(server, "read", "short") if by != "expiry" else make_token(server, "read", "short", "--expires", "1m")
    client = guarded.sign_in(secret) if by == "cookie" else httpx.Client(base_url=server.url, headers=bearer(secret), timeout=90)
    with client.stream("GET", "/api/events") as stream:
        assert stream.status_code == 200
        if by == "expiry":
            assert ends(stream, 75)
        else:
            assert not ends(stream, 1)
    with client.stream("GET", "/api/events") as stream:
        if by == "expiry":
            assert stream.status_code == 401
            return
        command(server, "token", "revoke", token_id(server, "short"))
        assert ends(stream, 10)


def test_an_upload_in_progress_ends_with_the_token(guarded):
    server = guarded.server
    where = guarded.ask("POST", "/api/uploads", guarded.upload, headers={"Tus-Resumable": "1.0.0", "Upload-Length": "1000000"})
    peer = socket.create_connection(("127.0.0.1", server.port))
    peer.settimeout(15)
    peer.sendall((f"PATCH {where.headers['Location']} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
                  f"Authorization: Bearer {guarded.upload}\r\nContent-Type: application/offset+octet-stream\r\n"
                  "Content-Length: 1000000\r\n\r\n").encode() + bytes(1000))
    time.sleep(0.3)
    command(server, "token", "revoke", token_id(server, "upload"))
    try:
        assert peer.recv(1000) == b""
    except ConnectionResetError:
        pass
    peer.close()


def test_many_wrong_sign_ins_are_slowed_down(guarded):
    answers = [guarded.ask("POST", "/api/session", json={"token": "vbt_wrong"}) for _ in range(12)]
    assert [a.status_code for a in answers] == 10 * [401] + 2 * [429]
    assert code_of(answers[-1]) == (429, "too_many_requests")
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 7
    assert guarded.ask("POST", "/api/session", json={"token": guarded.read}).status_code == 429
    # Others behind the same address go on.
    assert guarded.ask("GET", "/api/jobs", guarded.read).status_code == 200
    assert guarded.ask("GET", "/api/jobs", "wrong").status_code == 429


def test_jobs_and_uploads_have_a_rate_of_their_own(guarded):
    limits = {"jobs_per_minute": 2, "uploads_per_minute": 3}
    assert guarded.ask("PATCH", "/api/performance/settings", guarded.admin, json=limits).status_code == 200
    put = lambda secret: guarded.ask("PUT", "/api/uploads?filename=a.flac", secret, content=SPEECH.read_bytes())
    uploads = [put(guarded.upload) for _ in range(4)]
    assert [u.status_code for u in uploads] == [201, 201, 201, 429]
    assert int(uploads[-1].headers["Retry-After"]) >= 1
    assert put(guarded.admin).status_code == 201
    submit = lambda: guarded.ask("POST", "/api/jobs", guarded.upload, json={"upload": uploads[0].json()["id"]})
    assert [submit().status_code for _ in range(3)] == [202, 202, 429]


def test_the_audit_says_who_did_what(guarded):
    page = guarded.sign_in(guarded.upload)
    job = page.post("/api/jobs", files={"file": ("talk.flac", SPEECH.read_bytes())}).json()["id"]
    guarded.server.client.headers.update(bearer(guarded.read))
    guarded.server.wait(job)
    page.get(f"/api/jobs/{job}/transcript.srt?download=true")
    page.delete(f"/api/jobs/{job}")
    guarded.ask("PATCH", "/api/performance/settings", guarded.admin, json={"workers": 1})
    guarded.ask("PATCH", "/api/performance/settings", guarded.upload, json={"workers": 2})
    guarded.ask("POST", "/api/session", json={"token": "vbt_wrong"})
    page.delete("/api/session")
    entries = guarded.ask("GET", "/api/audit", guarded.admin).json()["entries"]
    found = [(e["name"], e["action"], e["object"], e["outcome"]) for e in reversed(entries)]
    token = token_id(guarded.server, "upload")
    assert ("", "token create", f"{token} upload upload", "ok") in found
    assert found[3:] == [
        ("upload", "POST /api/session", "/api/session", "200"),
        ("upload", "POST /api/jobs", f"/api/jobs/{job}", "202"),
        ("upload", "GET /api/jobs/{id}/transcript.srt", f"/api/jobs/{job}/transcript.srt", "200"),
        ("upload", "DELETE /api/jobs/{id}", f"/api/jobs/{job}", "204"),
        ("admin", "PATCH /api/performance/settings", "/api/performance/settings", "200"),
        ("upload", "PATCH /api/performance/settings", "/api/performance/settings", "403"),
        ("", "POST /api/session", "/api/session", "401"),
        ("upload", "DELETE /api/session", "/api/session", "204"),
    ]
    assert {e["address"] for e in entries[:8]} == {"127.0.0.1"}
    printed = command(guarded.server, "audit", "--since", "1h").splitlines()
    assert len(printed) == len(entries) and "DELETE /api/session" in printed[-1]
    assert json.loads(command(guarded.server, "audit", "--limit", "1", "--json"))["entries"][0]["name"] == "upload"


def test_names_and_origins_that_are_allowed(tmp_path, tiny):
    server = Server(tmp_path / "data", "--allowed-hosts", "box.example, other.example", "--allowed-origins", "https://app.example")
    server.start()
    try:
        secret = make_token(server, "upload")
        get = lambda **headers: server.client.get("/api/jobs", headers={**bearer(secret), **headers})
        assert get(Host="box.example").status_code == get(Host="localhost:80").status_code == 200
        assert code_of(get(Host="evil.example")) == (403, "forbidden")
        good = get(Origin="https://app.example")
        assert good.headers["Access-Control-Allow-Origin"] == "https://app.example" and "Origin" in good.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in good.headers
        assert "Access-Control-Allow-Origin" not in get(Origin="https://evil.example").headers
        ask = {"Origin": "https://app.example", "Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}
        preflight = server.client.request("OPTIONS", "/api/uploads/" + 32 * "0", headers=ask)
        assert preflight.status_code == 204 and preflight.headers["Access-Control-Allow-Origin"] == "https://app.example"
        assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]
        assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
        ask["Origin"] = "https://evil.example"
        assert "Access-Control-Allow-Origin" not in server.client.request("OPTIONS", "/api/uploads", headers=ask).headers
        refused = server.client.get("/api/jobs", headers={"Origin": "https://app.example"})
        assert refused.status_code == 401 and refused.headers["Access-Control-Allow-Origin"] == "https://app.example"
        page = httpx.Client(base_url=server.url)
        page.post("/api/session", json={"token": secret})
        assert page.post("/api/jobs", headers={"Origin": "https://app.example"}).status_code == 403
        assert server.client.post("/api/jobs", headers={"Origin": "https://app.example", **bearer(secret)}).status_code == 400
    finally:
        server.kill()


def test_what_proxies_say_counts_from_trusted_ones_alone(tmp_path, tiny, server):
    proxied = Server(tmp_path / "proxied", "--trusted-proxies", "127.0.0.0/8, 10.0.0.0/8")
    proxied.start()
    try:
        said = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.1.2.3", "X-Forwarded-Proto": "https"}
        for one in (proxied, server):
            secret = make_token(one, "admin")
            cookie = one.client.post("/api/session", json={"token": secret}, headers=said).headers["set-cookie"]
            entry = one.client.get("/api/audit", headers=bearer(secret)).json()["entries"][0]
            is_trusted = one is proxied
            assert entry["address"] == ("203.0.113.9" if is_trusted else "127.0.0.1")
            assert cookie.startswith("__Host-verbatim=") == is_trusted and cookie.endswith("; Secure") == is_trusted
        for i in range(12):  # each client has a count of its own
            said["X-Forwarded-For"] = f"203.0.113.{i}"
            assert proxied.client.post("/api/session", json={"token": "x"}, headers=said).status_code == 401
    finally:
        proxied.kill()


def run_serve(tmp_path, *flags):
    return subprocess.run([PROGRAM, "serve", "--data-dir", tmp_path / "data", "--model", "tiny.en", *flags], capture_output=True,
                          text=True, timeout=30, check=False)


def test_a_public_address_needs_a_token(tmp_path, tiny):
    refused = run_serve(tmp_path, "--listen", "0.0.0.0:0")
    assert refused.returncode == 2
    assert 'make one with "verbatim token create --name NAME --scope admin"' in refused.stderr
    assert run_serve(tmp_path, "--listen", "127.0.0.1:0", "--auth", "required").returncode == 2
    open_to_all = Server(tmp_path / "data", "--auth", "off")
    open_to_all.start_at("0.0.0.0")
    assert httpx.get(f"http://127.0.0.1:{open_to_all.port}/api/jobs").status_code == 200
    open_to_all.kill()
    closed = Server(tmp_path / "data")
    secret = make_token(closed, "read")
    closed.start_at("0.0.0.0")
    try:
        url = f"http://127.0.0.1:{closed.port}/api/jobs"
        assert httpx.get(url).status_code == 401
        assert httpx.get(url, headers=bearer(secret)).status_code == 200
        # Also without any token left it stays closed.
        command(closed, "token", "revoke", token_id(closed, "read"))
        assert httpx.get(url).status_code == 401
    finally:
        closed.kill()


@pytest.mark.parametrize(("flags", "words"), [
    (("--trusted-proxies", "10.0.0.0/40"), "trusted_proxies"), (("--allowed-origins", "*"), "allowed_origins"),
    (("--allowed-origins", "https://app.example/"), "allowed_origins"), (("--auth", "maybe"), "auto"),
])
def test_wrong_settings_are_said_at_the_start(tmp_path, tiny, flags, words):
    done = run_serve(tmp_path, "--listen", "127.0.0.1:0", *flags)
    assert done.returncode == 2 and words in done.stderr


@pytest.mark.parametrize("name", ["page.html", "picture.svg", "sheet.xml", "talk.flac", "x.js"])
def test_media_is_never_run_by_a_browser(server, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    job = server.submit(server.put(path)["id"])["id"]
    media = server.client.get(f"/api/jobs/{job}/media")
    assert media.status_code == 200
    assert re.match(r"(audio|video)/|application/octet-stream$", media.headers["content-type"])
    assert media.headers["content-disposition"].startswith("attachment")
    assert media.headers["x-content-type-options"] == "nosniff" and "sandbox" in media.headers["content-security-policy"]


def test_every_answer_has_its_headers(guarded):
    def check(headers, where):
        for name in ("x-content-type-options", "referrer-policy", "content-security-policy", "cross-origin-opener-policy",
                     "cross-origin-resource-policy", "permissions-policy"):
            assert name in headers, (name, where)
        assert "default-src 'none'" in headers["content-security-policy"] and "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "strict-transport-security" not in headers

    page = guarded.server.client.get("/")
    for path in ("/", *re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text), "/nowhere", "/healthz", "/api/jobs", "/openapi.json"):
        check(guarded.server.client.get(path).headers, path)
    check(guarded.server.client.put("/healthz").headers, "405")
    with socket.create_connection(("127.0.0.1", guarded.server.port)) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\nbroken\r\n\r\n")
        head = peer.recv(10_000).decode()
    check({line.split(":")[0].lower(): line.split(":", 1)[1] for line in head.split("\r\n\r\n")[0].split("\r\n")[1:]}, "400")


# HTTPS.

@pytest.fixture
def make_pair(tmp_path):
    """Makes a certificate for localhost and its key; returns both paths."""
    if not shutil.which("openssl"):
        pytest.skip("needs the program openssl")

    def make(name, kind=("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")):
        certificate, key = tmp_path / f"{name}.crt", tmp_path / f"{name}.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
                       capture_output=True, check=True)
        return certificate, key

    return make


@pytest.fixture
def encrypted(tmp_path, tiny, make_pair):
    certificate, key = make_pair("first")
    server = Server(tmp_path / "data", "--tls-certificate", certificate, "--tls-key", key)
    make_token(server, "admin")
    server.start_at("0.0.0.0")
    server.certificate, server.key = certificate, key
    server.address = f"https://127.0.0.1:{server.port}"
    yield server
    server.kill()


def trusting(certificate, **options):
    return ssl.create_default_context(cafile=str(certificate), **options)


def name_of(server):
    """The name in the certificate that the server shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as plain, context.wrap_socket(plain) as peer:
        shown = ssl.DER_cert_to_PEM_cert(peer.getpeercert(binary_form=True))
    done = subprocess.run(["openssl", "x509", "-noout", "-subject", "-nameopt", "multiline"], input=shown, capture_output=True,
                          text=True, check=True)
    return re.search(r"commonName\s*= (\w+)", done.stdout)[1]


def test_https_serves_all(encrypted, tmp_path):
    secret = make_token(encrypted, "upload")
    with httpx.Client(base_url=encrypted.address, verify=trusting(encrypted.certificate), timeout=60) as page:
        cookie = page.post("/api/session", json={"token": secret}).headers["set-cookie"]
        assert cookie.startswith("__Host-verbatim=") and cookie.endswith("; SameSite=Strict; Secure")
        upload = page.put("/api/uploads?filename=talk.flac", content=SPEECH.read_bytes()).json()["id"]
        job = page.post("/api/jobs", json={"upload": upload}, headers={"Origin": encrypted.address}).json()["id"]
        with page.stream("GET", f"/api/events?job={job}&last_event_id=0") as stream:
            for line in stream.iter_lines():
                if '"state":"completed"' in line:
                    break
        assert page.get(f"/api/jobs/{job}/media").content == SPEECH.read_bytes()
        assert "ask not what your country" in page.get(f"/api/jobs/{job}/transcript.txt").text.lower()
        headers = page.get("/api/jobs").headers
        assert headers["strict-transport-security"] == "max-age=31536000"
    big = tmp_path / "big.wav"
    big.write_bytes(bytes(20_000_000))
    where = subprocess.run(["curl", "-sf", "--cacert", encrypted.certificate, "--oauth2-bearer", secret, "-T", big,
                            f"{encrypted.address}/api/uploads?filename=big.wav"], capture_output=True, text=True, check=True)
    assert json.loads(where.stdout)["length"] == 20_000_000
    openai_client = openai.OpenAI(base_url=f"{encrypted.address}/v1", api_key=secret, max_retries=0,
                                  http_client=httpx.Client(verify=trusting(encrypted.certificate)))
    assert openai_client.models.list().data


def test_a_client_that_leaves_is_noticed_over_tls(encrypted):
    secret = make_token(encrypted, "read")
    ask = f"GET /api/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\n\r\n".encode()
    count = lambda: re.search(r"verbatim_event_clients (\d+)", httpx.get(
        encrypted.address + "/metrics", headers=bearer(secret), verify=trusting(encrypted.certificate)).text)[1]
    for is_polite in (True, False):
        peer = trusting(encrypted.certificate).wrap_socket(socket.create_connection(("127.0.0.1", encrypted.port)), server_hostname="localhost")
        peer.sendall(ask)
        assert peer.recv(4000).startswith(b"HTTP/1.1 200")
        assert wait_until(lambda: count() == "1", 5)
        if is_polite:
            peer.settimeout(1)
            try:
                peer.unwrap()
            except (OSError, ssl.SSLError):
                pass
        peer.close()
        assert wait_until(lambda: count() == "0", 5)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_modern_versions_and_ciphers_alone(encrypted, version):
    context = trusting(encrypted.certificate)
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection(("127.0.0.1", encrypted.port)) as plain, context.wrap_socket(plain, server_hostname="localhost") as peer:
        assert "GCM" in peer.cipher()[0] or "CHACHA" in peer.cipher()[0]
        assert peer.selected_alpn_protocol() == "http/1.1"
    for ciphers, highest in (("AES128-SHA:AES256-GCM-SHA384:@SECLEVEL=0", ssl.TLSVersion.TLSv1_2), ("ALL:@SECLEVEL=0", ssl.TLSVersion.TLSv1_1)):
        old = trusting(encrypted.certificate)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = highest
        old.set_ciphers(ciphers)
        with socket.create_connection(("127.0.0.1", encrypted.port)) as plain, pytest.raises((ssl.SSLError, OSError)):
            old.wrap_socket(plain, server_hostname="localhost")


def test_plain_http_at_the_tls_port_ends_cleanly(encrypted):
    with socket.create_connection(("127.0.0.1", encrypted.port), timeout=10) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while piece := peer.recv(4000):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 400") and b"HTTPS" in answer
    with socket.create_connection(("127.0.0.1", encrypted.port), timeout=10) as peer:
        peer.sendall(bytes(100))
        try:
            assert peer.recv(4000)[:1] in (b"", b"\x15")  # an alert, or nothing
        except ConnectionResetError:
            pass


def test_slow_handshakes_hinder_nobody_and_end(tmp_path, tiny, make_pair):
    certificate, key = make_pair("first")
    server = Server(tmp_path / "data", "--tls-certificate", certificate, "--tls-key", key, "--header-timeout-seconds", "2")
    server.start()
    try:
        silent = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(200)]
        for peer in silent[::2]:
            peer.sendall(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a handshake
        begin = time.monotonic()
        assert httpx.get(f"https://127.0.0.1:{server.port}/healthz", verify=trusting(certificate)).status_code == 200
        assert time.monotonic() - begin < 1
        for peer in silent:
            try:
                assert peer.recv(100) == b""
            except ConnectionResetError:
                pass
        assert time.monotonic() - begin < 8
        assert httpx.get(f"https://127.0.0.1:{server.port}/healthz", verify=trusting(certificate)).status_code == 200
    finally:
        server.kill()


@pytest.mark.parametrize("by", ["hangup", "files"])
def test_a_new_certificate_is_taken_up(encrypted, make_pair, by):
    assert name_of(encrypted) == "first"
    begun = trusting(encrypted.certificate).wrap_socket(socket.create_connection(("127.0.0.1", encrypted.port)), server_hostname="localhost")
    certificate, key = make_pair("second")
    if by == "hangup":
        encrypted.process.send_signal(signal.SIGHUP)  # with nothing new: all goes on
        time.sleep(0.3)
    os.replace(certificate, encrypted.certificate)  # without its key yet
    if by == "hangup":
        encrypted.process.send_signal(signal.SIGHUP)
    assert wait_until(lambda: any("the certificate stays as it was" in line for line in encrypted.lines), 5)
    assert name_of(encrypted) == "first"
    os.replace(key, encrypted.key)
    if by == "hangup":
        encrypted.process.send_signal(signal.SIGHUP)
    assert wait_until(lambda: name_of(encrypted) == "second", 5)
    begun.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert begun.recv(4000).startswith(b"HTTP/1.1 200")
    begun.close()
    assert encrypted.stop()[0] == 0


def test_wrong_pairs_are_said_at_the_start(tmp_path, tiny, make_pair):
    certificate, key = make_pair("first")
    _, other = make_pair("other", ("rsa:2048",))
    _, alike = make_pair("alike")
    (tmp_path / "text.pem").write_text("no certificate")
    locked = tmp_path / "locked.key"
    subprocess.run(["openssl", "ec", "-aes256", "-passout", "pass:x", "-in", key, "-out", locked], capture_output=True, check=True)
    for flags, words in (
        (("--tls-certificate", certificate), "only one of the files is named"),
        (("--tls-certificate", certificate, "--tls-key", other), "is not the key of the certificate"),
        (("--tls-certificate", certificate, "--tls-key", alike), "is not the key of the certificate"),
        (("--tls-certificate", tmp_path / "text.pem", "--tls-key", key), "has no certificate"),
        (("--tls-certificate", certificate, "--tls-key", tmp_path / "text.pem"), "has no key"),
        (("--tls-certificate", certificate, "--tls-key", locked), "without a password"),
        (("--tls-certificate", tmp_path / "none.pem", "--tls-key", key), "none.pem"),
    ):
        done = run_serve(tmp_path, "--listen", "127.0.0.1:0", *map(str, flags))
        assert done.returncode != 0 and words in done.stderr, (flags, done.stderr)
        assert done.stderr.strip().splitlines()[-1].startswith("verbatim: ")


def test_the_page_signs_in_and_out(guarded, node_folder, talk):
    env = {**os.environ, "CHROMIUM": shutil.which("chromium")}
    done = subprocess.run(["node", node_folder / "sign_in.js", guarded.server.url, guarded.upload, talk], capture_output=True, text=True,
                          timeout=90, check=False, env=env)
    assert done.returncode == 0, done.stderr
    job = guarded.ask("GET", "/api/jobs", guarded.read).json()["jobs"][0]
    assert job["filename"] == "talk.flac"
    entries = guarded.ask("GET", "/api/audit", guarded.admin).json()["entries"]
    assert [e["outcome"] for e in entries if e["action"] == "POST /api/session"] == ["200", "401"]
