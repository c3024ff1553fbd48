"""A disk that has little or no room left when a client does something: for all of the data folder, for the media or for the ledger alone, or
for one more name. What does not fit is refused with 507 and leaves everything as it was; the same server goes on when there is room
again."""

import contextlib
import os
import subprocess

import httpx
import pytest
from clients import seeded
from conftest import mount_in_memory, wait_until
from server import Server
from test_failing_calls import OPERATIONS, Patch, PatchMuch, Put, Service

# How often the disk is full, in all; a campaign sets more than CI has time for.
POINTS = int(os.environ.get("VERBATIM_FULL_DISKS", "40"))
PAGE = 4096


class PatchSome(Patch):
    """Of which a part may fit."""

    body = bytes(range(256)) * (1 << 12)
    end = len(body) - 1000


TRIED = [kind for kind in OPERATIONS if kind is not PatchMuch] + [PatchSome]


class Disk:
    """A small one in memory, mounted at a folder."""

    def __init__(self, folder, options="size=128m"):
        self.folder, self.filler = folder, folder / "filler"
        mount_in_memory(folder, options)

    def fill(self, pages):
        """So that this many pages are left, or fewer, since the server writes its own accounts meanwhile."""
        with self.filler.open("wb") as file:
            while True:
                left = os.statvfs(self.folder).f_bavail
                if left <= pages:
                    return
                with contextlib.suppress(OSError):
                    os.posix_fallocate(file.fileno(), 0, (left - pages) * PAGE)
                    return

    def empty(self):
        self.filler.unlink()

    def unmount(self):
        subprocess.run(["umount", "-l", self.folder], check=True)


class Names(Disk):
    """One that has room, but not for more files."""

    def __init__(self, folder):
        super().__init__(folder, "size=128m,nr_inodes=2000")

    def fill(self, pages):
        self.filler.mkdir()
        for number in range(os.statvfs(self.folder).f_favail - pages % 3):
            (self.filler / str(number)).touch()

    def empty(self):
        for path in self.filler.iterdir():
            path.unlink()
        self.filler.rmdir()


PLACES = {"all": lambda data: [Disk(data)], "media": lambda data: [Disk(data / "uploads")],
          "ledger": lambda data: [Disk(data), Disk(data / "uploads")], "names": lambda data: [Names(data)]}


class FullService(Service):
    def __init__(self, data):
        self.server = Server(data, "--disk-reserve", "0")
        self.server.start()
        self.promises = []


def try_once(service, disk, operation, pages):
    """Returns the status; None: the answer did not come."""
    state = operation.prepare(service)
    disk.fill(pages)
    try:
        answer = operation.act(service, state)
    except httpx.TransportError:
        answer = None
    finally:
        disk.empty()
    told = f"{type(operation).__name__} with {pages} left"
    assert service.server.process.poll() is None, (told, service.server.lines[-20:])
    status = answer and answer.status_code
    try:
        if answer is not None and not answer.is_success:
            assert status == 507 and answer.json()["detail"], answer.text
            answer = None
        operation.check(service, state, answer)
        assert wait_until(lambda: service.ask("GET", "/readyz").status_code == 200, 5)
    except AssertionError as wrong:
        raise AssertionError(f"{told}, answered {status}: {wrong}\n" + "\n".join(service.server.lines[-20:])) from wrong
    return status


@pytest.mark.parametrize("place", PLACES)
def test_a_full_disk_refuses_and_loses_nothing(tmp_path, tiny, place):
    chance, told = seeded(), {}
    with contextlib.ExitStack() as undo:
        disks = PLACES[place](tmp_path / "data")
        for disk in disks:
            undo.callback(disk.unmount)
        service = FullService(tmp_path / "data")
        undo.callback(service.server.kill)
        operations = [kind() for kind in TRIED]
        # The ledger's log may have room from before.
        assert try_once(service, disks[0], Put(), 0) == 507 or place == "ledger"
        for _ in range(POINTS // len(PLACES)):
            pages = chance.choice([0, 0, chance.randrange(4), chance.randrange(64), chance.randrange(256)])
            status = try_once(service, disks[0], chance.choice(operations), pages)
            told[status] = told.get(status, 0) + 1
        print(f"measured: a full disk for {place}: {told}")
        service.server.kill()
        service.server.start()
        for check in service.promises:
            check()
