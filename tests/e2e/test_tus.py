"""Resumable uploads as tus 1.0.0 says: a table of requests and answers, asked of the real program and of @tus/server, which
has to agree but where DIFFERENCES says why not; then races, cuts and the clients that people use.
"""

import base64
import concurrent.futures
import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field

import pytest
from conftest import DATA, MODELS, ROOT
from server import Server
from tusclient.client import TusClient

ORACLE = ROOT / "tests" / "e2e" / "tus_oracle"
SIZE_MAX = 1 << 30
PATH = "/api/uploads"
V = {"Tus-Resumable": "1.0.0"}
OCTETS = {"Content-Type": "application/offset+octet-stream"}
BYTES = b"0123456789"
ID = r"/api/uploads/[0-9a-f]{32}"
DATE = r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"


def b64(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def sha1(data):
    return "sha1 " + b64(hashlib.sha1(data).digest())


def sha256(data):
    return "sha256 " + b64(hashlib.sha256(data).digest())


def patch(offset=0, **more):
    return {**V, **OCTETS, "Upload-Offset": str(offset), **{k.replace("_", "-"): v for k, v in more.items()}}


def length(value, **more):
    return {**V, "Upload-Length": str(value), **{k.replace("_", "-"): v for k, v in more.items()}}


@dataclass
class Case:
    """One request and what answers it.

    `given` names uploads that exist before; {u} in the request stands for the first one's path, {a} and {b} for those of two
    parts. `offset` is what HEAD of {u} tells afterwards, or of what was created; "gone" if it must not exist any more; a range
    where it depends on how the bytes arrive.
    """

    name: str
    method: str
    path: str
    headers: object
    status: int
    given: str = "none"
    body: bytes = None
    chunked: bool = False
    answer: dict = field(default_factory=dict)  # header -> regular expression, or None: absent
    offset: object = None
    after: dict = field(default_factory=dict)  # headers of HEAD afterwards, likewise


CREATE = [
    Case("a length", "POST", PATH, length(10), 201, answer={"Location": ID, "Upload-Expires": DATE}, offset=0,
         after={"Upload-Length": "10", "Upload-Defer-Length": None}),
    Case("no bytes at all", "POST", PATH, length(0), 201, offset=0, after={"Upload-Length": "0"}),
    Case("the largest size", "POST", PATH, length(SIZE_MAX), 201, offset=0),
    Case("one byte over the largest size", "POST", PATH, length(SIZE_MAX + 1), 413),
    Case("a negative length", "POST", PATH, length(-1), 400),
    Case("a length in words", "POST", PATH, length("ten"), 400),
    Case("a length with a fraction", "POST", PATH, length("1.5"), 400),
    Case("a length with an exponent", "POST", PATH, length("1e3"), 400),
    Case("a length in hexadecimal", "POST", PATH, length("0x10"), 400),
    Case("a length with a sign", "POST", PATH, length("+10"), 400),
    Case("an empty length", "POST", PATH, length(""), 400),
    Case("two lengths in one field", "POST", PATH, length("10, 10"), 400),
    Case("two fields of lengths", "POST", PATH, [*V.items(), ("Upload-Length", "10"), ("Upload-Length", "10")], 400),
    Case("a length beyond 64 bits", "POST", PATH, length(1 << 64), 400),
    Case("a length beyond any disk", "POST", PATH, length((1 << 63) + 1), 413),
    Case("blanks around a length", "POST", PATH, length("  10  "), 201, offset=0, after={"Upload-Length": "10"}),
    Case("no length", "POST", PATH, V, 400),
    Case("a deferred length", "POST", PATH, {**V, "Upload-Defer-Length": "1"}, 201, offset=0,
         after={"Upload-Length": None, "Upload-Defer-Length": "1"}),
    Case("deferred by 0", "POST", PATH, {**V, "Upload-Defer-Length": "0"}, 400),
    Case("deferred by 2", "POST", PATH, {**V, "Upload-Defer-Length": "2"}, 400),
    Case("deferred by true", "POST", PATH, {**V, "Upload-Defer-Length": "true"}, 400),
    Case("a length and a deferred one", "POST", PATH, length(10, Upload_Defer_Length="1"), 400),
    Case("create without a version", "POST", PATH, {"Upload-Length": "10"}, 412, answer={"Tus-Version": r"1\.0\.0"}),
    Case("create with an old version", "POST", PATH, {"Tus-Resumable": "0.2.2", "Upload-Length": "10"}, 412,
         answer={"Tus-Version": r"1\.0\.0"}),
    Case("create with a version of the future", "POST", PATH, {"Tus-Resumable": "2.0.0", "Upload-Length": "10"}, 412),
]

METADATA = [
    Case("metadata comes back as it was sent", "POST", PATH, length(10, Upload_Metadata=f"filename {b64('a b.wav')},lang {b64('en')}"),
         201, offset=0, after={"Upload-Metadata": re.escape(f"filename {b64('a b.wav')},lang {b64('en')}")}),
    Case("a key without a value", "POST", PATH, length(10, Upload_Metadata="is_draft"), 201, offset=0,
         after={"Upload-Metadata": "is_draft"}),
    Case("a value that is no UTF-8", "POST", PATH, length(10, Upload_Metadata=f"filename {b64(bytes([255, 254, 0]))}"), 201, offset=0),
    Case("a value that is empty", "POST", PATH, length(10, Upload_Metadata="filename "), 201, offset=0),
    Case("empty metadata", "POST", PATH, length(10, Upload_Metadata=""), 201, offset=0),
    Case("no metadata", "POST", PATH, length(10), 201, offset=0, after={"Upload-Metadata": None}),
    Case("a key twice", "POST", PATH, length(10, Upload_Metadata=f"a {b64('1')},a {b64('2')}"), 400),
    Case("a value that is no base64", "POST", PATH, length(10, Upload_Metadata="filename a.wav"), 400),
    Case("a value without its padding", "POST", PATH, length(10, Upload_Metadata="filename YQ"), 400),
    Case("two values", "POST", PATH, length(10, Upload_Metadata=f"a {b64('1')} {b64('2')}"), 400),
    Case("an empty key", "POST", PATH, length(10, Upload_Metadata=f"a {b64('1')}, {b64('2')}"), 400),
    Case("a comma at the end", "POST", PATH, length(10, Upload_Metadata=f"a {b64('1')},"), 400),
    Case("two commas", "POST", PATH, length(10, Upload_Metadata=f"a {b64('1')},,b {b64('2')}"), 400),
    Case("a key beyond ASCII", "POST", PATH, length(10, Upload_Metadata=f"n\u00e4me {b64('1')}"), 400),
]

CREATE_WITH_BYTES = [
    Case("all bytes with the creation", "POST", PATH, {**length(10), **OCTETS}, 201, body=BYTES, answer={"Upload-Offset": "10"}, offset=10),
    Case("some bytes with the creation", "POST", PATH, {**length(10), **OCTETS}, 201, body=b"01234", answer={"Upload-Offset": "5"},
         offset=5),
    Case("bytes in chunks with the creation", "POST", PATH, {**length(10), **OCTETS}, 201, body=b"01234", chunked=True,
         answer={"Upload-Offset": "5"}, offset=5),
    Case("bytes with a deferred length", "POST", PATH, {**V, **OCTETS, "Upload-Defer-Length": "1"}, 201, body=b"01234", offset=5),
    Case("too many bytes with the creation", "POST", PATH, {**length(5), **OCTETS}, 413, body=BYTES),
    Case("too many bytes in chunks with the creation", "POST", PATH, {**length(5), **OCTETS}, 413, body=BYTES, chunked=True),
    Case("bytes of another type with the creation", "POST", PATH, {**length(10), "Content-Type": "text/plain"}, 415, body=BYTES),
    Case("bytes without a type with the creation", "POST", PATH, length(10), 415, body=BYTES),
    Case("a checksum that fits with the creation", "POST", PATH, {**length(10), **OCTETS, "Upload-Checksum": sha1(BYTES)}, 201, body=BYTES,
         offset=10),
    Case("a checksum that does not fit with the creation", "POST", PATH, {**length(10), **OCTETS, "Upload-Checksum": sha1(b"x")}, 460,
         body=BYTES),
    Case("all bytes of a part with its creation", "POST", PATH, {**length(5), **OCTETS, "Upload-Concat": "partial"}, 201, body=b"01234",
         offset=5, after={"Upload-Concat": "partial"}),
]

HEAD = [
    Case("how far a new upload is", "HEAD", "{u}", V, 200, "new", offset=0,
         answer={"Upload-Offset": "0", "Upload-Length": "10", "Cache-Control": "no-store", "Tus-Resumable": r"1\.0\.0"}),
    Case("how far half an upload is", "HEAD", "{u}", V, 200, "half", answer={"Upload-Offset": "5", "Upload-Length": "10"}),
    Case("how far a whole upload is", "HEAD", "{u}", V, 200, "full", answer={"Upload-Offset": "10", "Upload-Length": "10"}),
    Case("how far an empty upload is", "HEAD", "{u}", V, 200, "empty", answer={"Upload-Offset": "0", "Upload-Length": "0"}),
    Case("how far one without a length is", "HEAD", "{u}", V, 200, "deferred_half",
         answer={"Upload-Offset": "5", "Upload-Length": None, "Upload-Defer-Length": "1"}),
    Case("how far a part is", "HEAD", "{a}", V, 200, "parts", answer={"Upload-Offset": "5", "Upload-Concat": "partial"}),
    Case("how far what was joined is", "HEAD", "{u}", V, 200, "final",
         answer={"Upload-Offset": "10", "Upload-Length": "10", "Upload-Concat": f"final;{ID} {ID}"}),
    Case("how far an unknown one is", "HEAD", f"{PATH}/{'0' * 32}", V, 404, answer={"Upload-Offset": None}),
    Case("how far a deleted one is", "HEAD", "{u}", V, 404, "deleted"),
    Case("how far something without an id is", "HEAD", f"{PATH}/nothing", V, 404),
    Case("how far something outside is", "HEAD", f"{PATH}/..%2f..%2fetc%2fpasswd", V, 400),
    Case("asked without a version", "HEAD", "{u}", {}, 412, "half", offset=5),
    Case("asked with an old version", "HEAD", "{u}", {"Tus-Resumable": "0.1"}, 412, "half", offset=5),
]

PATCH = [
    Case("all bytes", "PATCH", "{u}", patch(), 204, "new", body=BYTES,
         answer={"Upload-Offset": "10", "Tus-Resumable": r"1\.0\.0", "Upload-Expires": DATE}, offset=10),
    Case("some bytes", "PATCH", "{u}", patch(), 204, "new", body=b"012", answer={"Upload-Offset": "3", "Upload-Expires": DATE}, offset=3),
    Case("the rest of the bytes", "PATCH", "{u}", patch(5), 204, "half", body=b"56789", answer={"Upload-Offset": "10"}, offset=10),
    Case("some of the rest", "PATCH", "{u}", patch(5), 204, "half", body=b"5", answer={"Upload-Offset": "6"}, offset=6),
    Case("bytes in chunks", "PATCH", "{u}", patch(5), 204, "half", body=b"56789", chunked=True, answer={"Upload-Offset": "10"}, offset=10),
    Case("no bytes", "PATCH", "{u}", patch(5), 204, "half", body=b"", answer={"Upload-Offset": "5"}, offset=5),
    Case("no bytes in chunks", "PATCH", "{u}", patch(5), 204, "half", body=b"", chunked=True, answer={"Upload-Offset": "5"}, offset=5),
    Case("bytes before the offset", "PATCH", "{u}", patch(0), 409, "half", body=b"01234", offset=5),
    Case("bytes after the offset", "PATCH", "{u}", patch(6), 409, "half", body=b"6789", offset=5),
    Case("bytes after the length", "PATCH", "{u}", patch(11), 409, "half", body=b"x", offset=5),
    Case("no bytes at another offset", "PATCH", "{u}", patch(0), 409, "half", body=b"", offset=5),
    Case("bytes without an offset", "PATCH", "{u}", {**V, **OCTETS}, 400, "half", body=b"5", offset=5),
    Case("bytes at a negative offset", "PATCH", "{u}", patch(-5), 400, "half", body=b"5", offset=5),
    Case("bytes at an offset in words", "PATCH", "{u}", patch("five"), 400, "half", body=b"5", offset=5),
    Case("bytes at an offset with a sign", "PATCH", "{u}", patch("+5"), 400, "half", body=b"5", offset=5),
    Case("bytes at two offsets", "PATCH", "{u}", [*patch(5).items(), ("Upload-Offset", "5")], 400, "half", body=b"5", offset=5),
    Case("bytes without a type", "PATCH", "{u}", {**V, "Upload-Offset": "5"}, 415, "half", body=b"5", offset=5),
    Case("bytes of another type", "PATCH", "{u}", patch(5, Content_Type="application/octet-stream"), 415, "half", body=b"5", offset=5),
    Case("bytes as a form", "PATCH", "{u}", patch(5, Content_Type="multipart/form-data; boundary=b"), 415, "half", body=b"5", offset=5),
    Case("one byte too many", "PATCH", "{u}", patch(5), 413, "half", body=b"56789x", offset=5),
    Case("one byte too many in chunks", "PATCH", "{u}", patch(5), 413, "half", body=b"56789x", chunked=True, offset=range(5, 11)),
    Case("all bytes again", "PATCH", "{u}", patch(0), 409, "full", body=BYTES, offset=10),
    Case("no bytes to a whole upload", "PATCH", "{u}", patch(10), 204, "full", body=b"", answer={"Upload-Offset": "10"}, offset=10),
    Case("a byte more to a whole upload", "PATCH", "{u}", patch(10), 413, "full", body=b"x", offset=10),
    Case("a byte to an empty upload", "PATCH", "{u}", patch(0), 413, "empty", body=b"x", offset=0),
    Case("bytes to an unknown upload", "PATCH", f"{PATH}/{'0' * 32}", patch(), 404, body=b"x"),
    Case("bytes to a deleted upload", "PATCH", "{u}", patch(), 404, "deleted", body=b"x"),
    Case("bytes to something outside", "PATCH", f"{PATH}/..%2fx", patch(), 400, body=b"x"),
    Case("bytes without a version", "PATCH", "{u}", {**OCTETS, "Upload-Offset": "5"}, 412, "half", body=b"5",
         answer={"Tus-Version": r"1\.0\.0"}, offset=5),
    Case("bytes with an old version", "PATCH", "{u}", patch(5, Tus_Resumable="0.2.2"), 412, "half", body=b"5", offset=5),
    Case("bytes to a part", "PATCH", "{u}", patch(), 204, "open_part", body=b"01234", offset=5),
    Case("bytes to what was joined", "PATCH", "{u}", patch(10), 403, "final", body=b"x", offset=10),
    Case("no bytes to what was joined", "PATCH", "{u}", patch(10), 403, "final", body=b"", offset=10),
]

LENGTH_LATER = [
    Case("bytes before the length", "PATCH", "{u}", patch(), 204, "deferred", body=b"012", offset=3, after={"Upload-Defer-Length": "1"}),
    Case("the length with the last bytes", "PATCH", "{u}", patch(5, Upload_Length="10"), 204, "deferred_half", body=b"56789", offset=10,
         after={"Upload-Length": "10", "Upload-Defer-Length": None}),
    Case("the length with some bytes", "PATCH", "{u}", patch(5, Upload_Length="10"), 204, "deferred_half", body=b"5", offset=6,
         after={"Upload-Length": "10"}),
    Case("the length without bytes", "PATCH", "{u}", patch(5, Upload_Length="10"), 204, "deferred_half", body=b"", offset=5,
         after={"Upload-Length": "10"}),
    Case("the length of what is there", "PATCH", "{u}", patch(5, Upload_Length="5"), 204, "deferred_half", body=b"", offset=5,
         after={"Upload-Length": "5"}),
    Case("a length of less than is there", "PATCH", "{u}", patch(5, Upload_Length="4"), 400, "deferred_half", body=b"", offset=5,
         after={"Upload-Length": None}),
    Case("a length over the limit", "PATCH", "{u}", patch(5, Upload_Length=str(SIZE_MAX + 1)), 413, "deferred_half", body=b"", offset=5,
         after={"Upload-Length": None}),
    Case("a length that is none", "PATCH", "{u}", patch(5, Upload_Length="x"), 400, "deferred_half", body=b"", offset=5,
         after={"Upload-Length": None}),
    Case("more bytes than the length told with them", "PATCH", "{u}", patch(5, Upload_Length="6"), 413, "deferred_half", body=b"567",
         offset=5),
    Case("another length than the first one", "PATCH", "{u}", patch(5, Upload_Length="11"), 409, "half", body=b"5", offset=5,
         after={"Upload-Length": "10"}),
    Case("the same length once more", "PATCH", "{u}", patch(5, Upload_Length="10"), 204, "half", body=b"5", offset=6),
    Case("a length at another offset", "PATCH", "{u}", patch(4, Upload_Length="10"), 409, "deferred_half", body=b"5", offset=5,
         after={"Upload-Length": None}),
]

CHECKSUM = [
    Case("SHA-1 that fits", "PATCH", "{u}", patch(5, Upload_Checksum=sha1(b"56789")), 204, "half", body=b"56789", offset=10),
    Case("SHA-256 that fits", "PATCH", "{u}", patch(5, Upload_Checksum=sha256(b"56789")), 204, "half", body=b"56789", offset=10),
    Case("SHA-1 of some bytes", "PATCH", "{u}", patch(5, Upload_Checksum=sha1(b"567")), 204, "half", body=b"567", offset=8),
    Case("SHA-1 of bytes in chunks", "PATCH", "{u}", patch(5, Upload_Checksum=sha1(b"567")), 204, "half", body=b"567", chunked=True, offset=8),
    Case("SHA-1 of no bytes", "PATCH", "{u}", patch(5, Upload_Checksum=sha1(b"")), 204, "half", body=b"", offset=5),
    Case("SHA-1 of other bytes", "PATCH", "{u}", patch(5, Upload_Checksum=sha1(b"5678x")), 460, "half", body=b"56789", offset=5),
    Case("SHA-256 of other bytes", "PATCH", "{u}", patch(5, Upload_Checksum=sha256(b"5678x")), 460, "half", body=b"56789", offset=5),
    Case("SHA-1 of all bytes with the rest of them", "PATCH", "{u}", patch(5, Upload_Checksum=sha1(BYTES)), 460, "half", body=b"56789",
         offset=5),
    Case("an unknown checksum", "PATCH", "{u}", patch(5, Upload_Checksum=f"md5 {b64(hashlib.md5(b'5').digest())}"), 400, "half", body=b"5",
         offset=5),
    Case("a checksum in hexadecimal", "PATCH", "{u}", patch(5, Upload_Checksum="sha1 " + hashlib.sha1(b"5").hexdigest()), 400, "half",
         body=b"5", offset=5),
    Case("a checksum without a digest", "PATCH", "{u}", patch(5, Upload_Checksum="sha1"), 400, "half", body=b"5", offset=5),
    Case("a checksum of the wrong size", "PATCH", "{u}", patch(5, Upload_Checksum=f"sha1 {b64('short')}"), 400, "half", body=b"5", offset=5),
    Case("an empty checksum", "PATCH", "{u}", patch(5, Upload_Checksum=""), 400, "half", body=b"5", offset=5),
]

DELETE = [
    Case("delete a new upload", "DELETE", "{u}", V, 204, "new", answer={"Tus-Resumable": r"1\.0\.0"}, offset="gone"),
    Case("delete half an upload", "DELETE", "{u}", V, 204, "half", offset="gone"),
    Case("delete a whole upload", "DELETE", "{u}", V, 204, "full", offset="gone"),
    Case("delete a part", "DELETE", "{a}", V, 204, "parts"),
    Case("delete what was joined", "DELETE", "{u}", V, 204, "final", offset="gone"),
    Case("delete a part of what was joined", "DELETE", "{a}", V, 409, "final", offset=10),
    Case("delete an unknown upload", "DELETE", f"{PATH}/{'0' * 32}", V, 404),
    Case("delete twice", "DELETE", "{u}", V, 404, "deleted"),
    Case("delete without a version", "DELETE", "{u}", {}, 412, "half", offset=5),
]

JOIN = [
    Case("join parts", "POST", PATH, {**V, "Upload-Concat": "final;{a} {b}"}, 201, "parts", answer={"Location": ID}, offset=10,
         after={"Upload-Length": "10", "Upload-Concat": f"final;{ID} {ID}"}),
    Case("join parts by whole addresses", "POST", PATH, {**V, "Upload-Concat": "final;http://example.com{a} https://example.com{b}"}, 201,
         "parts", offset=10),
    Case("join one part", "POST", PATH, {**V, "Upload-Concat": "final;{a}"}, 201, "parts", offset=5),
    Case("join a part with itself", "POST", PATH, {**V, "Upload-Concat": "final;{a} {a}"}, 201, "parts", offset=10),
    Case("join with metadata", "POST", PATH, {**V, "Upload-Concat": "final;{a} {b}", "Upload-Metadata": f"filename {b64('a.wav')}"}, 201,
         "parts", offset=10, after={"Upload-Metadata": f"filename {b64('a.wav')}"}),
    Case("join parts and tell a length", "POST", PATH, {**length(10), "Upload-Concat": "final;{a} {b}"}, 400, "parts"),
    Case("join parts and send bytes", "POST", PATH, {**V, **OCTETS, "Upload-Concat": "final;{a} {b}"}, 403, "parts", body=b"x"),
    Case("join a part that is not whole", "POST", PATH, {**V, "Upload-Concat": "final;{u}"}, 409, "open_part"),
    Case("join what is no part", "POST", PATH, {**V, "Upload-Concat": "final;{u}"}, 409, "full"),
    Case("join what was joined", "POST", PATH, {**V, "Upload-Concat": "final;{u}"}, 409, "final"),
    Case("join parts once more", "POST", PATH, {**V, "Upload-Concat": "final;{a} {b}"}, 201, "final", offset=10),
    Case("join parts of another upload", "POST", PATH, {**V, "Upload-Concat": "final;{b} {a}"}, 409, "final", offset=10),
    Case("join an unknown part", "POST", PATH, {**V, "Upload-Concat": f"final;{PATH}/{'0' * 32}"}, 404),
    Case("join nothing", "POST", PATH, {**V, "Upload-Concat": "final;"}, 400),
    Case("join without saying final", "POST", PATH, {**V, "Upload-Concat": "{a} {b}"}, 400, "parts"),
    Case("join a file of the system", "POST", PATH, {**V, "Upload-Concat": "final;/etc/passwd"}, 400),
    Case("join a file above", "POST", PATH, {**V, "Upload-Concat": f"final;{PATH}/../../x"}, 400),
    Case("join another server's upload", "POST", PATH, {**V, "Upload-Concat": "final;http://example.com/files/1"}, 400),
    Case("another word than partial", "POST", PATH, length(10, Upload_Concat="part"), 400),
    Case("a part without a length", "POST", PATH, {**V, "Upload-Concat": "partial"}, 400),
    Case("a part of deferred length", "POST", PATH, {**V, "Upload-Concat": "partial", "Upload-Defer-Length": "1"}, 201, offset=0,
         after={"Upload-Concat": "partial", "Upload-Defer-Length": "1"}),
    Case("a part", "POST", PATH, length(5, Upload_Concat="partial"), 201, offset=0, after={"Upload-Concat": "partial"}),
]

OTHER = [
    Case("what the server can do", "OPTIONS", PATH, {}, 204,
         answer={"Tus-Version": r"1\.0\.0", "Tus-Max-Size": str(SIZE_MAX), "Tus-Extension":
                 "(?=.*creation)(?=.*creation-with-upload)(?=.*creation-defer-length)(?=.*termination)(?=.*expiration).*"}),
    Case("what else the server can do", "OPTIONS", PATH, {}, 204,
         answer={"Tus-Extension": "(?=.*checksum)(?=.*concatenation).*", "Tus-Checksum-Algorithm": "sha1,sha256"}),
    Case("what it can do, asked with an old version", "OPTIONS", PATH, {"Tus-Resumable": "0.1"}, 204),
    Case("what can be done with an upload", "OPTIONS", "{u}", {}, 204, "new", answer={"Tus-Version": r"1\.0\.0"}),
    Case("a method in disguise", "POST", "{u}", patch(5, X_HTTP_Method_Override="PATCH"), 405, "half", body=b"56789", offset=5),
    Case("a POST to an upload", "POST", "{u}", length(10), 405, "half", offset=5),
    Case("a PUT to an upload", "PUT", "{u}", V, 405, "half", body=b"x", offset=5),
    Case("a list of uploads", "GET", PATH, V, 405),
    Case("a TRACE", "TRACE", "{u}", V, 405, "half", offset=5),
]

CASES = [*CREATE, *METADATA, *CREATE_WITH_BYTES, *HEAD, *PATCH, *LENGTH_LATER, *CHECKSUM, *DELETE, *JOIN, *OTHER]

# Where @tus/server 1.10 answers otherwise: its status (None: it cannot be asked), whose cases, and why ours differ.
DIFFERENCES = [
    (None, [*JOIN, *(case for case in CASES if case.given in ("parts", "final", "open_part")),
            *(case for case in CREATE_WITH_BYTES if "Upload-Concat" in case.headers)],
     "it has no concatenation, which parallel uploads need"),
    (204, [case for case in CHECKSUM if case.status != 204], "it has no checksums and ignores the field"),
    (201, ["a checksum that does not fit with the creation"], "it has no checksums and ignores the field"),
    (204, ["what else the server can do"], "it has neither checksums nor concatenation"),
    (400, ["create with an old version", "create with a version of the future", "asked with an old version", "bytes with an old version"],
     "it takes another version for a malformed field; the specification says 412, with Tus-Version"),
    (412, ["create without a version", "bytes without a version"], "it leaves out Tus-Version where the field is missing"),
    (403, ["bytes without an offset", "bytes without a type"], "it forbids what lacks a field; the specification has 415 for the type"),
    (400, ["bytes of another type", "bytes as a form"], "it takes another type for a malformed field; the specification says 415"),
    (201, ["bytes of another type with the creation", "bytes without a type with the creation"],
     "it drops such bytes without a word, so the client believes that they arrived"),
    (400, ["empty metadata"], "tuspy sends an empty field where there is no metadata"),
    (204, ["all bytes"], "a whole upload that no job uses expires too, which ours says"),
    (404, ["how far something outside is", "bytes to something outside"], "a slash in disguise is refused before anything is looked for"),
    (400, ["a length beyond any disk"], "it reads numbers as doubles; to us the length is a number, and too large"),
    (400, ["another length than the first one"], "a length that is known clashes with another one: a conflict, like an offset"),
    (400, ["the same length once more"], "a client whose answer got lost may say the same again"),
    (204, ["a method in disguise"], "we support no X-HTTP-Method-Override: it would turn a harmless form into another request"),
    (201, ["a POST to an upload"], "it creates uploads at any path; ours have one"),
    (404, ["a PUT to an upload", "a list of uploads", "a TRACE"], "there is something at the path, only not with this method: 405"),
]


class Site:
    """A server that is asked by hand: fields go out as they stand."""

    def __init__(self, port):
        self.port = port

    def ask(self, method, path, headers=(), body=None, chunked=False):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items() if isinstance(headers, dict) else headers:
            connection.putheader(name, value.encode())
        if chunked:
            connection.putheader("Transfer-Encoding", "chunked")
            pieces = [body[i : i + 2] for i in range(0, len(body), 2)]
            body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"
        elif body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        try:
            connection.send(body or b"")
        except (BrokenPipeError, ConnectionResetError):
            pass  # answered before all was read
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        connection.close()
        return answer

    def create(self, headers, body=None):
        if body:
            headers = {**headers, **OCTETS}
        answer = self.ask("POST", PATH, headers, body)
        assert answer.status == 201, answer.text
        return re.search(r"/api/uploads/\w+$", answer.headers["Location"])[0]

    def offset(self, path):
        answer = self.ask("HEAD", path, V)
        return int(answer.headers["Upload-Offset"]) if answer.status == 200 else "gone"

    def prepare(self, given):
        """The uploads that a case starts from, by the letter that stands for them."""
        if given == "none":
            return {}
        if given in ("parts", "final"):
            part = length(5, Upload_Concat="partial")
            a, b = self.create(part, BYTES[:5]), self.create(part, BYTES[5:])
            u = self.create({**V, "Upload-Concat": f"final;{a} {b}"}) if given == "final" else a
            return {"u": u, "a": a, "b": b}
        deferred = {**V, "Upload-Defer-Length": "1"}
        made = {"new": (length(10), None), "half": (length(10), BYTES[:5]), "full": (length(10), BYTES), "empty": (length(0), None),
                "deferred": (deferred, None), "deferred_half": (deferred, BYTES[:5]), "deleted": (length(10), None),
                "open_part": (length(5, Upload_Concat="partial"), None)}[given]
        u = self.create(*made)
        if given == "deleted":
            assert self.ask("DELETE", u, V).status == 204
        return {"u": u}


def fill(text, paths):
    for letter, path in paths.items():
        text = text.replace("{%s}" % letter, path)
    return text


def check_fields(answer, expected):
    for name, pattern in expected.items():
        value = answer.headers.get(name)
        assert value is None if pattern is None else re.fullmatch(pattern, value or "", re.S), (name, value, pattern)


def run(site, case, status=None):
    """Asks what the case asks; checks what it promises, or only another status."""
    paths = site.prepare(case.given)
    fields = case.headers.items() if isinstance(case.headers, dict) else case.headers
    fields = [(name, fill(value, paths)) for name, value in fields]
    answer = site.ask(case.method, fill(case.path, paths), fields, case.body, case.chunked)
    if status is not None:
        assert answer.status == status, answer.text
        return
    assert answer.status == case.status, answer.text
    check_fields(answer, case.answer)
    path = answer.headers["Location"] if answer.status == 201 else paths.get("u")
    if case.offset is not None:
        allowed = case.offset if isinstance(case.offset, range) else [case.offset]
        assert site.offset(path) in allowed
    if case.after:
        check_fields(site.ask("HEAD", path, V), case.after)


def difference(case):
    """The oracle's status and our reason, if they differ for this case."""
    return next(((status, why) for status, cases, why in DIFFERENCES if case in cases or case.name in cases), None)


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    if not (MODELS / "tiny.en" / "model.bin").is_file():
        pytest.skip(f"tiny.en is not installed in {MODELS}: verbatim model pull tiny.en")
    server = Server(tmp_path_factory.mktemp("tus") / "data")
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def site(ours):
    return Site(ours.port)


@pytest.fixture(scope="session")
def node_folder():
    """The oracle's folder with its packages, in the build folder."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("needs node and npm")
    folder = ROOT / "build" / "tus_oracle"
    shutil.copytree(ORACLE, folder, dirs_exist_ok=True)
    lock = (folder / "package-lock.json").read_bytes()
    stamp = folder / "installed"
    if not stamp.is_file() or stamp.read_bytes() != lock:
        done = subprocess.run(["npm", "ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder,
                              capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            pytest.skip("npm cannot fetch the packages: " + done.stderr[-300:])
        stamp.write_bytes(lock)
    return folder


@pytest.fixture(scope="module")
def oracle(node_folder, tmp_path_factory):
    command = ["node", "oracle.js", str(tmp_path_factory.mktemp("oracle")), str(SIZE_MAX)]
    process = subprocess.Popen(command, cwd=node_folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    yield Site(int(process.stdout.readline()))
    process.kill()
    process.wait()


def named(case):
    return case.name.replace(" ", "_")


def test_there_are_enough_cases_and_each_has_a_name_of_its_own():
    names = {case.name for case in CASES}
    assert len(names) == len(CASES) >= 100
    assert all(case in CASES or case in names for _, cases, why in DIFFERENCES for case in cases if why)


@pytest.mark.parametrize("case", CASES, ids=named)
def test_protocol(site, case):
    run(site, case)


@pytest.mark.parametrize("case", [c for c in CASES if difference(c) is None or difference(c)[0] is not None], ids=named)
def test_the_oracle_agrees_or_the_table_says_why_not(oracle, case):
    run(oracle, case, *(difference(case) or ())[:1])


# What no table can hold: cuts, races, memory.


def begin_patch(site, path, offset, size, sent, checksum=None):
    """A PATCH of `size` bytes of which only `sent` have been sent; returns its socket."""
    connection = socket.create_connection(("127.0.0.1", site.port), timeout=30)
    head = [f"PATCH {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {size}"]
    head += [f"{name}: {value}" for name, value in patch(offset, **({"Upload_Checksum": checksum} if checksum else {})).items()]
    connection.sendall("\r\n".join([*head, "", ""]).encode() + sent)
    return connection


def wait_for_bytes(server, path, count):
    """Until the bytes are on the server's side, acknowledged or not: its file has them."""
    file = server.folder / "uploads" / path.rsplit("/", 1)[1]
    end = time.monotonic() + 20
    while file.stat().st_size < count and time.monotonic() < end:
        time.sleep(0.01)
    assert file.stat().st_size >= count


@pytest.mark.parametrize("how", ["close", "reset", "half"])
def test_a_cut_request_keeps_what_came(ours, site, how):
    path = site.create(length(1000))
    connection = begin_patch(site, path, 0, 1000, b"x" * 300)
    wait_for_bytes(ours, path, 300)
    if how == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    if how == "half":
        connection.shutdown(socket.SHUT_WR)
    else:
        connection.close()
    assert site.offset(path) == 300
    answer = site.ask("PATCH", path, patch(300), b"y" * 700)
    assert answer.status == 204 and answer.headers["Upload-Offset"] == "1000"
    connection.close()


def test_a_cut_request_with_a_checksum_keeps_nothing(ours, site):
    path = site.create(length(1000))
    with begin_patch(site, path, 0, 1000, b"x" * 300, sha1(b"x" * 1000)):
        wait_for_bytes(ours, path, 300)
    assert site.offset(path) == 0


@pytest.mark.parametrize("second", ["PATCH", "HEAD", "DELETE"])
def test_a_second_request_stops_the_first_at_once(ours, site, second):
    path = site.create(length(1000))
    first = begin_patch(site, path, 0, 1000, b"x" * 300)
    wait_for_bytes(ours, path, 300)
    begin = time.monotonic()
    if second == "PATCH":
        assert site.ask("PATCH", path, patch(300), b"y" * 700).status == 204
    elif second == "HEAD":
        assert site.offset(path) == 300
    else:
        assert site.ask("DELETE", path, V).status == 204
    assert time.monotonic() - begin < 5
    first.settimeout(10)
    assert first.recv(12) in (b"HTTP/1.1 409", b"HTTP/1.1 503", b"HTTP/1.1 404", b"")
    first.close()


def test_of_many_requests_at_one_offset_one_wins(site):
    path = site.create(length(100_000))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: site.ask("PATCH", path, patch(0), bytes([i]) * 50_000).status, range(8)))
    assert set(answers) <= {204, 409} and answers.count(204) <= 1, answers
    assert site.offset(path) in (50_000, *range(50_001)) if answers.count(204) == 0 else site.offset(path) == 50_000


def test_the_body_is_sent_when_the_server_says_so(site):
    path = site.create(length(10))
    connection = socket.create_connection(("127.0.0.1", site.port), timeout=10)
    fields = "".join(f"{name}: {value}\r\n" for name, value in patch(0).items())
    connection.sendall(f"PATCH {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\nExpect: 100-continue\r\n{fields}\r\n".encode())
    assert connection.recv(100).startswith(b"HTTP/1.1 100")
    connection.sendall(BYTES)
    assert connection.recv(1000).startswith(b"HTTP/1.1 204")
    connection.close()


def test_a_long_request_needs_little_memory_and_is_acknowledged_as_it_goes(ours, site):
    size, step = 256 << 20, 1 << 20
    before = ours.memory
    path = site.create(length(size))
    connection = begin_patch(site, path, 0, size, b"")
    block = os.urandom(step)
    peak, seen = 0, set()
    for i in range(size // step):
        connection.sendall(block)
        peak = max(peak, ours.memory)
        if i % 16 == 15:
            seen.add(json.loads(site.ask("GET", path).text)["offset"])
    assert connection.recv(12) == b"HTTP/1.1 204"
    connection.close()
    upload = json.loads(site.ask("GET", path).text)
    assert upload["state"] == "complete" and upload["sha256"] == hashlib.sha256(block * (size // step)).hexdigest()
    assert peak - before < 64 << 20, (before, peak)
    assert len(seen) > 5, seen
    assert site.ask("DELETE", path, V).status == 204


def test_offsets_survive_a_crash(tmp_path, tiny):
    server = Server(tmp_path / "data")
    server.start()
    site = Site(server.port)
    path = site.create({**length(1000), "Upload-Metadata": f"filename {b64('a.wav')}"}, b"x" * 300)
    connection = begin_patch(site, path, 300, 700, b"y" * 100)
    wait_for_bytes(server, path, 400)
    server.kill()
    connection.close()
    server.start()
    site = Site(server.port)
    assert site.offset(path) in (300, 400)
    offset = site.offset(path)
    assert site.ask("PATCH", path, patch(offset), b"z" * (1000 - offset)).status == 204
    server.kill()


# Our own ways in: a raw PUT, and what the upload says of itself.


def test_an_upload_says_what_it_is(site):
    path = site.create({**length(10), "Upload-Metadata": f"filename {b64('C:/clips/a b.wav')}"}, BYTES[:5])
    upload = json.loads(site.ask("GET", path).text)
    assert upload.pop("expires")
    assert upload == {"id": path.rsplit("/", 1)[1], "filename": "a b.wav", "length": 10, "offset": 5, "state": "receiving", "sha256": None}
    assert site.ask("PATCH", path, patch(5), BYTES[5:]).status == 204
    upload = json.loads(site.ask("GET", path).text)
    assert upload["state"] == "complete" and upload["sha256"] == hashlib.sha256(BYTES).hexdigest()
    assert site.ask("GET", f"{PATH}/{'0' * 32}").status == 404


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("body", [b"", BYTES, b"x" * 200_000])
def test_a_raw_put_is_a_whole_upload(site, body, chunked):
    answer = site.ask("PUT", PATH + "?filename=n%C3%A4me.wav", {}, body, chunked)
    assert answer.status == 201, answer.text
    upload = json.loads(answer.text)
    assert answer.headers["Location"] == f"{PATH}/{upload['id']}"
    assert (upload["state"], upload["offset"], upload["filename"]) == ("complete", len(body), "n\u00e4me.wav")
    assert upload["sha256"] == hashlib.sha256(body).hexdigest()


def test_a_raw_put_that_is_cut_leaves_nothing(ours, site):
    before = set((ours.folder / "uploads").iterdir())
    with socket.create_connection(("127.0.0.1", site.port)) as connection:
        connection.sendall(f"PUT {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n0123".encode())
        end = time.monotonic() + 10
        while set((ours.folder / "uploads").iterdir()) == before and time.monotonic() < end:
            time.sleep(0.01)
    while set((ours.folder / "uploads").iterdir()) != before and time.monotonic() < end:
        time.sleep(0.01)
    assert set((ours.folder / "uploads").iterdir()) == before


def test_the_job_that_an_upload_asks_for_is_there_when_it_is_complete(ours, site):
    audio = (DATA / "jfk.flac").read_bytes()
    job = json.dumps({"language": "en", "priority": 3})
    path = site.create(length(len(audio), Upload_Metadata=f"filename {b64('talk.flac')},job {b64(job)}"))
    assert site.ask("PATCH", path, patch(0), audio).status == 204
    jobs = [one for one in ours.client.get("/api/jobs").json()["jobs"] if one["filename"] == "talk.flac"]
    assert len(jobs) == 1
    assert ours.wait(jobs[0]["id"])["state"] == "completed"
    assert "country" in ours.text(jobs[0]["id"])
    assert site.ask("DELETE", path, V).status == 409  # it is the job's


def test_a_job_that_cannot_be_is_refused_before_the_bytes(site):
    for job in ("{", "[]", json.dumps({"priority": 99}), json.dumps({"no_such_option": 1})):
        answer = site.ask("POST", PATH, length(10, Upload_Metadata=f"job {b64(job)}"))
        assert answer.status == 400 and "job" in json.loads(answer.text)["detail"], answer.text


# The clients that people use.


@pytest.fixture
def big_file(tmp_path):
    """120 MB that compress badly."""
    path = tmp_path / "big.bin"
    block = os.urandom(1 << 20)
    with open(path, "wb") as file:
        for i in range(120):
            file.write(block[i:] + block[:i])
    yield path
    path.unlink()


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tus_js(node_folder, **options):
    done = subprocess.run(["node", "client.js", json.dumps({k: str(v) if k == "file" else v for k, v in options.items()})],
                          cwd=node_folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def upload_at(ours, url):
    return ours.client.get(url).json()


def test_tus_js_client_sends_four_parts_at_once(ours, node_folder, big_file):
    sent = tus_js(node_folder, endpoint=ours.url + PATH, file=big_file, chunkSize=50 << 20, parallelUploads=4,
                  metadata={"filename": "big.bin"})
    upload = upload_at(ours, sent["url"])
    assert (upload["state"], upload["sha256"], upload["filename"]) == ("complete", digest(big_file), "big.bin")
    assert sent["requests"].count("POST 201") == 5 and sent["requests"].count("PATCH 204") >= 4
    ours.client.delete(sent["url"], headers=V).raise_for_status()


@pytest.mark.parametrize("parallel", [1, 4])
def test_tus_js_client_pauses_and_goes_on(ours, node_folder, big_file, parallel):
    sent = tus_js(node_folder, endpoint=ours.url + PATH, file=big_file, chunkSize=50 << 20, parallelUploads=parallel, pauseAt=30 << 20)
    upload = upload_at(ours, sent["url"])
    assert (upload["state"], upload["sha256"]) == ("complete", digest(big_file))
    assert "HEAD 200" in sent["requests"]
    ours.client.delete(sent["url"], headers=V).raise_for_status()


def test_tus_js_client_sends_everything_in_one_request(ours, node_folder, big_file):
    sent = tus_js(node_folder, endpoint=ours.url + PATH, file=big_file, uploadDataDuringCreation=True)
    assert upload_at(ours, sent["url"])["sha256"] == digest(big_file)
    ours.client.delete(sent["url"], headers=V).raise_for_status()


def test_tus_js_client_tells_the_length_at_the_end(ours, node_folder, tmp_path):
    file = tmp_path / "small.bin"
    file.write_bytes(os.urandom(250_000))
    sent = tus_js(node_folder, endpoint=ours.url + PATH, file=file, chunkSize=100_000, uploadLengthDeferred=True)
    upload = upload_at(ours, sent["url"])
    assert (upload["state"], upload["sha256"]) == ("complete", digest(file))


def test_tus_js_client_gives_up_and_leaves_nothing(ours, node_folder, big_file):
    sent = tus_js(node_folder, endpoint=ours.url + PATH, file=big_file, chunkSize=10 << 20, abortAt=30 << 20)
    assert sent["aborted"] and "DELETE 204" in sent["requests"]
    assert ours.client.head(sent["url"], headers=V).status_code == 404


def test_tuspy_sends_in_order_and_goes_on(ours, big_file):
    client = TusClient(ours.url + PATH)
    first = client.uploader(str(big_file), chunk_size=8 << 20, metadata={"filename": "big.bin"}, upload_checksum=True)
    first.upload(stop_at=40 << 20)
    second = client.uploader(str(big_file), chunk_size=32 << 20, url=first.url)
    assert second.offset == 40 << 20
    second.upload()
    upload = upload_at(ours, first.url)
    assert (upload["state"], upload["sha256"], upload["filename"]) == ("complete", digest(big_file), "big.bin")
    ours.client.delete(first.url, headers=V).raise_for_status()


def test_tuspy_sends_an_empty_file(ours, tmp_path):
    file = tmp_path / "empty"
    file.write_bytes(b"")
    uploader = TusClient(ours.url + PATH).uploader(str(file))
    uploader.upload()
    assert upload_at(ours, uploader.url)["state"] == "complete"
