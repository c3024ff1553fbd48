"""Power is lost under load: the file system forgets all that was not put on disk (ext4's own shutdown, without a flush of its
journal). What was acknowledged is there when it is mounted again."""

import contextlib
import fcntl
import os
import signal
import struct
import subprocess
import time
from pathlib import Path

import pytest
from clients import seeded
from conftest import wait_until
from load import Load, check
from server import Server

SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
WITHOUT_FLUSH = struct.pack("I", 2)
LOSSES = int(os.environ.get("VERBATIM_POWER_LOSSES", "6"))


class Disk:
    """A file with an ext4 file system, mounted."""

    def __init__(self, folder):
        self.image, self.place = folder / "disk.img", folder / "disk"
        self.place.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(1 << 30)
        done = subprocess.run(["mkfs.ext4", "-q", "-F", self.image], capture_output=True, check=False)
        if done.returncode != 0 or not self.mount():
            pytest.skip("this system does not let us make and mount a disk")

    def mount(self):
        return subprocess.run(["mount", "-o", "loop", self.image, self.place], capture_output=True, check=False).returncode == 0

    def unmount(self):
        for _ in range(50):
            if subprocess.run(["umount", self.place], capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise AssertionError("the disk is still in use")

    def lose_power(self):
        folder = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUTDOWN, WITHOUT_FLUSH)
        finally:
            os.close(folder)


@pytest.fixture
def disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk")
    made = Disk(tmp_path)
    yield made
    subprocess.run(["umount", "-l", made.place], check=False)


def freeze(process):
    """With the power the program ends, too. Else what it waits for could seem to succeed, and be acknowledged, afterwards: jbd2
    calls a transaction that it has given up complete if it is asked late enough."""
    process.send_signal(signal.SIGSTOP)
    tasks = Path(f"/proc/{process.pid}/task")

    def is_still():
        with contextlib.suppress(OSError):  # of a thread that ends meanwhile
            return all((task / "stat").read_text().rsplit(")", 1)[1].split()[0] == "T" for task in tasks.iterdir())
        return False

    assert wait_until(is_still)


def test_the_disk_of_this_test_forgets(disk):
    (disk.place / "kept").write_bytes(b"kept")
    os.sync()
    (disk.place / "lost").write_bytes(b"lost")
    disk.lose_power()
    disk.unmount()
    assert disk.mount()
    assert (disk.place / "kept").read_bytes() == b"kept"
    assert not (disk.place / "lost").exists()


def test_what_was_acknowledged_outlives_a_loss_of_power(disk, tiny):
    chance = seeded()
    server = Server(disk.place / "data", "--log", "text")
    server.start()
    port = server.port
    load = Load(server, chance.randrange(1 << 30))
    for _ in range(LOSSES):
        time.sleep(chance.uniform(0.1, 1.5))
        freeze(server.process)
        disk.lose_power()
        server.kill()
        disk.unmount()
        assert disk.mount()
        server.start(port)
    load.end()
    try:
        check(server, load.uploaders)
    finally:
        server.kill()
