"""What is let go by age and size, and what stays."""

import sqlite3

from conftest import DATA, wait_until
from server import Server


def age(server, job, days):
    """Makes a stopped server's job end days ago."""
    with sqlite3.connect(server.folder / "verbatim.db") as ledger:
        ledger.execute("UPDATE jobs SET finished_ms = finished_ms - ? WHERE id = ?", [int(days * 86_400_000), job["id"]])
    ledger.close()


def test_old_jobs_go_and_their_media_before(server):
    old, middle, new = (server.transcribe(DATA / name, language="en") for name in ("jfk.flac", "lj001_0004.mp3", "lj001_0005.mp3"))
    text = server.text(middle["id"])
    server.stop()
    age(server, old, 40)
    age(server, middle, 10)
    server.flags = ("--keep-days", "30", "--keep-media-days", "7")
    server.start()
    assert wait_until(lambda: server.client.get(f"/api/jobs/{old['id']}").status_code == 404)
    assert wait_until(lambda: server.client.get(f"/api/jobs/{middle['id']}/media").status_code == 404)
    gone = server.client.get(f"/api/jobs/{middle['id']}/media").json()
    assert "keep_media_days" in gone["detail"], gone
    assert server.text(middle["id"]) == text
    assert server.client.get("/api/search", params={"q": text.split()[1]}).json()["hits"]
    assert server.client.get(f"/api/jobs/{new['id']}/media").status_code == 200
    files = {path.name for path in (server.folder / "uploads").iterdir()}
    assert files == {server.job(new["id"])["upload"]}
    again = server.client.post("/api/jobs", json={"upload": middle["upload"], "language": "en"})
    assert again.status_code == 404 and "let go" in again.json()["detail"], again.text
    with sqlite3.connect(server.folder / "verbatim.db") as ledger:
        told = ledger.execute("SELECT type, job FROM events WHERE type IN ('job_deleted', 'media_deleted') ORDER BY id").fetchall()
    ledger.close()
    assert told == [("job_deleted", old["id"]), ("media_deleted", middle["id"])]
    server.stop()
    server.start()  # nothing is missed that was let go
    assert not any("has lost bytes" in line for line in server.lines)
    server.kill()


def test_more_than_may_be_kept_goes_the_oldest_first(tmp_path, tiny):
    server = Server(tmp_path / "data")
    server.start()
    jobs = [server.transcribe(DATA / name, language="en") for name in ("jfk.flac", "lj001_0004.mp3", "lj001_0005.mp3")]
    server.stop()
    for number, job in enumerate(jobs):
        age(server, job, 0.2 - number * 0.05)
    server.start()
    size = (DATA / "lj001_0005.mp3").stat().st_size
    changed = server.client.patch("/api/performance/settings", json={"keep_bytes": size + 20_000})
    assert changed.status_code == 200, changed.text
    assert wait_until(lambda: len(server.client.get("/api/jobs").json()["jobs"]) == 1, 70)
    assert server.client.get("/api/jobs").json()["jobs"][0]["id"] == jobs[2]["id"]
    server.kill()


def test_jobs_go_on_where_the_disk_has_no_room_for_uploads(server):
    upload = server.put(DATA / "jfk.flac")["id"]
    server.client.patch("/api/performance/settings", json={"disk_reserve_bytes": 1 << 50}).raise_for_status()
    with open(DATA / "jfk.flac", "rb") as file:
        assert server.client.put("/api/uploads", params={"filename": "x"}, content=file).status_code == 507
    job = server.wait(server.submit(upload, language="en")["id"])
    assert job["state"] == "completed"
    assert "country" in server.text(job["id"])
