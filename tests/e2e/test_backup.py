"""Backups, their restoring, and what `verbatim verify` finds; damaged databases."""

import os
import shutil
import sqlite3
import subprocess
import threading

import pytest
from clients import seeded
from conftest import DATA, PROGRAM, ROOT
from server import Server


# Databases that are damaged. A campaign sets more than CI has time for.
DAMAGED = int(os.environ.get("VERBATIM_DAMAGED", "100"))


def run(*words, **options):
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=120, check=False, **options)


def start(folder):
    server = Server(folder)
    server.start()
    return server


@pytest.fixture
def filled(server):
    """A server with two finished jobs."""
    first = server.transcribe(DATA / "jfk.flac", language="en")
    second = server.transcribe(DATA / "lj001_0004.mp3", language="en")
    server.jobs = [first, second]
    return server


def test_a_backup_beside_a_server_at_work_restores_whole(filled, tmp_path):
    into = tmp_path / "backup"
    ended = threading.Event()

    def churn():
        while not ended.is_set():
            job = filled.transcribe(DATA / "jfk.flac", language="en")
            filled.client.delete(f"/api/jobs/{job['id']}").raise_for_status()

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(5):
            done = run("backup", into, "--data-dir", filled.folder)
            assert done.returncode == 0, done
            verified = run("verify", into)
            assert verified.returncode == 0, verified
            live = run("verify", "--data-dir", filled.folder)
            assert live.returncode == 0, live
    finally:
        ended.set()
        thread.join()
    assert "files were in the backup before" in done.stdout
    assert not (tmp_path / ".backup.part").exists()

    texts = [filled.text(job["id"], "json") for job in filled.jobs]
    filled.kill()
    shutil.rmtree(filled.folder)
    restored = run("restore", into, "--data-dir", tmp_path / "new")
    assert restored.returncode == 0, restored
    server = start(tmp_path / "new")
    assert [server.text(job["id"], "json") for job in filled.jobs] == texts
    media = server.client.get(f"/api/jobs/{filled.jobs[0]['id']}/media")
    assert media.content == (DATA / "jfk.flac").read_bytes()
    server.kill()


def test_a_backup_replaces_the_one_before_and_nothing_else(filled, tmp_path):
    into = tmp_path / "backup"
    assert "2 jobs, 2 transcripts, 2 files" in run("backup", into, "--data-dir", filled.folder).stdout
    before = {path.name: path.stat().st_ino for path in (into / "uploads").iterdir()}
    filled.client.delete(f"/api/jobs/{filled.jobs[0]['id']}").raise_for_status()
    assert "1 job, 1 transcript, 1 file " in run("backup", into, "--data-dir", filled.folder).stdout
    after = {path.name: path.stat().st_ino for path in (into / "uploads").iterdir()}
    assert len(after) == 1 and after.items() <= before.items()  # linked

    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("mine")
    for folder in (other, filled.folder):
        refused = run("backup", folder, "--data-dir", filled.folder)
        assert refused.returncode == 1 and "no backup" in refused.stderr, refused
    assert (other / "letter.txt").read_text() == "mine"
    assert run("backup", tmp_path / "x", "--data-dir", tmp_path / "none").returncode == 1
    assert not (tmp_path / "x").exists()


def test_verify_names_what_is_wrong(filled, tmp_path):
    into = tmp_path / "backup"
    filled.stop()
    assert run("backup", into, "--data-dir", filled.folder).returncode == 0
    lost, damaged = sorted((into / "uploads").iterdir())
    lost.unlink()
    body = bytearray(damaged.read_bytes())
    body[len(body) // 2] ^= 1
    damaged.write_bytes(body)
    (into / "uploads" / ("0" * 32)).write_bytes(b"left over")
    with sqlite3.connect(into / "verbatim.db") as ledger:
        job = ledger.execute("SELECT job FROM transcripts").fetchone()[0]
        ledger.execute("UPDATE transcripts SET json = substr(json, 1, 100) WHERE job = ?", [job])
    ledger.close()
    done = run("verify", into)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert len(lines) == 4, lines
    assert any(lost.name in line and "is missing" in line for line in lines)
    assert any(damaged.name in line and "SHA-256" in line for line in lines)
    assert any("0" * 32 in line and "no upload" in line for line in lines)
    assert any(job in line and "can't be read" in line for line in lines)

    refused = run("restore", into, "--data-dir", tmp_path / "new")
    assert refused.returncode == 1 and not (tmp_path / "new" / "verbatim.db").exists(), refused


def test_a_backup_with_lost_files_restores_when_asked(filled, tmp_path):
    into = tmp_path / "backup"
    filled.stop()
    assert run("backup", into, "--data-dir", filled.folder).returncode == 0
    next((into / "uploads").iterdir()).unlink()
    new = tmp_path / "new"
    assert run("restore", into, "--data-dir", new).returncode == 1
    assert run("restore", into, "--data-dir", new, "--despite-findings").returncode == 0
    server = start(new)
    assert all(server.text(job["id"]) for job in filled.jobs)
    # Neither over data nor beside a server.
    refused = run("restore", into, "--data-dir", new, "--despite-findings")
    assert refused.returncode == 1 and "another process uses" in refused.stderr
    server.stop()
    refused = run("restore", into, "--data-dir", new, "--despite-findings")
    assert refused.returncode == 1 and "not empty" in refused.stderr


def test_a_restore_that_was_cut_off_is_done_again(filled, tmp_path):
    into = tmp_path / "backup"
    filled.stop()
    assert run("backup", into, "--data-dir", filled.folder).returncode == 0
    new = tmp_path / "new"
    shutil.copytree(into / "uploads", new / "uploads")
    (new / "restoring.part").mkdir()
    refused = run("serve", "--listen", "127.0.0.1:0", "--data-dir", new, "--model", "tiny.en")
    assert refused.returncode == 1 and "verbatim restore" in refused.stderr
    assert run("restore", into, "--data-dir", new).returncode == 0
    assert run("verify", "--data-dir", new).returncode == 0


def test_the_oldest_version_can_be_backed_up_restored_and_opened(tmp_path, tiny):
    data, into, new = (tmp_path / name for name in ("data", "backup", "new"))
    (data / "uploads").mkdir(parents=True)
    with sqlite3.connect(data / "verbatim.db") as ledger:
        ledger.executescript((ROOT / "tests/data/schema_1.sql").read_text())
        # The names of uploads there are for reading; a server gives them others.
        ledger.executescript("PRAGMA foreign_keys = OFF; DELETE FROM jobs; DELETE FROM uploads; DELETE FROM windows;"
                             "DELETE FROM transcripts; DELETE FROM segments; INSERT INTO segments_text (segments_text) VALUES ('rebuild')")
    ledger.close()
    assert run("backup", into, "--data-dir", data).returncode == 0
    with sqlite3.connect(into / "verbatim.db") as ledger:
        assert ledger.execute("PRAGMA user_version").fetchone() == (1,)
    ledger.close()
    assert run("restore", into, "--data-dir", new).returncode == 0
    server = start(new)
    assert server.client.get("/api/jobs").json()["jobs"] == []
    server.stop()
    assert run("verify", "--data-dir", new).returncode == 0


def test_no_command_makes_a_new_ledger_where_one_was_lost(filled):
    filled.stop()
    files = sorted((filled.folder / "uploads").iterdir())
    assert files
    (filled.folder / "verbatim.db").unlink()
    refused = run("token", "create", "--name", "n", "--scope", "read", "--data-dir", filled.folder)
    assert refused.returncode != 0 and "empty or gone" in refused.stderr and "verbatim restore" in refused.stderr
    with pytest.raises(AssertionError, match="empty or gone"):
        Server(filled.folder).start()
    assert sorted((filled.folder / "uploads").iterdir()) == files


def forms(path):
    """What made each table and index."""
    ledger = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    rows = ledger.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").fetchall()
    ledger.close()
    return [row[0].encode() for row in rows]


def damage(data, how, chance):
    """Damages the database in one way."""
    ledger, wal = data / "verbatim.db", data / "verbatim.db-wal"
    body = bytearray(ledger.read_bytes())
    if how == "bit":
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
    elif how == "page":
        at = chance.randrange(len(body) // 4096) * 4096
        body[at:at + 4096] = bytes(4096)
    elif how == "cut":
        del body[chance.randrange(len(body)):]
    elif how == "empty":
        body.clear()
    elif how == "schema":  # a table, an index or one of its columns has another name
        form = chance.choice(forms(ledger))[:200]
        body[body.index(form) + chance.randrange(len(form))] ^= 1
    elif how == "foreign":
        body[68:72] = b"XXXX"
    elif how == "newer":
        body[60:64] = (99).to_bytes(4, "big")
    elif how == "no wal":
        wal.unlink()
    elif how == "stale wal":
        wal.write_bytes(wal.read_bytes()[:chance.randrange(wal.stat().st_size)])
    else:
        log = bytearray(wal.read_bytes())
        log[chance.randrange(len(log))] ^= 1 << chance.randrange(8)
        wal.write_bytes(log)
    if "wal" not in how:
        ledger.write_bytes(body)


def copy(folder, to):
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("*.sock"))


def test_a_damaged_database_is_refused_or_read_and_never_crashes_the_server(filled, tmp_path):
    filled.kill()  # so that there is a log
    stopped = Server(tmp_path / "stopped")  # where all is in the database
    copy(filled.folder, stopped.folder)
    stopped.start()
    stopped.stop()
    chance = seeded()
    outcomes = {}
    for number in range(DAMAGED):
        data = tmp_path / "damaged"
        shutil.rmtree(data, ignore_errors=True)
        how = chance.choice(("bit", "bit", "page", "page", "cut", "empty", "no wal", "stale wal", "wal bit", "foreign", "newer", "schema"))
        copy(filled.folder if "wal" in how else stopped.folder, data)
        damage(data, how, chance)
        verified = run("verify", "--data-dir", data)
        assert verified.returncode in (0, 1), (number, how, verified)
        assert how != "schema" or verified.returncode == 1, "the start says to look there"
        server = Server(data, "--log-level", "warning")
        try:
            server.start()
        except AssertionError:
            assert server.process.wait(20) in (1, 70), (number, how, server.process.returncode, server.lines)
            assert server.lines and ("verbatim.db" in server.lines[-1] or "damaged" in server.lines[-1]), (number, how, server.lines)
            if server.process.returncode == 70:
                assert "verbatim verify" in server.lines[-1] and "verbatim restore" in server.lines[-1]
            outcomes[how, "refused"] = outcomes.get((how, "refused"), 0) + 1
            continue
        for job in filled.jobs:
            for path in ("", "/transcript.json", "/media"):
                server.client.get(f"/api/jobs/{job['id']}{path}")
        for path in ("/api/jobs", "/api/search?q=country", "/api/uploads", "/api/settings"):
            server.client.get(path)
        code, _ = server.stop()
        assert code in (0, 143), (number, how, code, server.lines)
        outcomes[how, "served"] = outcomes.get((how, "served"), 0) + 1
    assert not {("empty", "served"), ("foreign", "served"), ("newer", "served"), ("schema", "served")} & outcomes.keys()
    print(outcomes)
