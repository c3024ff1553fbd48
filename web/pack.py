"""Writes a C++ file that holds the files of the page as bytes: src/service/api/impl/page_assets.h.

    pack.py FOLDER OUTPUT.cc

FOLDER is what Vite made (index.html and assets/), or the plain page (all files in one folder). Each file is kept as it is
and, where that is smaller, compressed.
"""

import gzip
import hashlib
import re
import sys
from pathlib import Path

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
HASHED = re.compile(r"-[\w-]{8}\.\w+$")  # as Vite names what it made

ASSET = """    {{"{name}", "{type}", "W/\\"{etag}\\"", {is_immutable},
     {{verbatim_page_{at}_begin, verbatim_page_{at}_end}}, {{verbatim_page_{at}_gzip, verbatim_page_{at}_gzip_end}}}},
"""
BYTES = """        .global verbatim_page_{at}_begin, verbatim_page_{at}_end, verbatim_page_{at}_gzip, verbatim_page_{at}_gzip_end
verbatim_page_{at}_begin:
        .incbin "{path}"
verbatim_page_{at}_end:
verbatim_page_{at}_gzip:
        {gzip}
verbatim_page_{at}_gzip_end:
"""
FILE = """// Made by web/pack.py.
#include "api/impl/page_assets.h"

asm(R"(
        .pushsection .rodata
{bytes}        .byte 0
        .popsection
)");

extern "C" {{
{symbols}}}

namespace verbatim::api {{

std::span<const PageAsset> PageAssets() {{
  static const PageAsset assets[] = {{
{assets}  }};
  return assets;
}}

}}  // namespace verbatim::api
"""


def main(folder, output):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    packed_folder = output.parent / "gzip"
    packed_folder.mkdir(parents=True, exist_ok=True)
    texts = {"bytes": "", "symbols": "", "assets": ""}
    for at, path in enumerate(files):
        content = path.read_bytes()
        packed = gzip.compress(content, 9, mtime=0)
        incbin = ""
        if len(packed) < len(content):
            packed_path = packed_folder / f"{at}.gz"
            packed_path.write_bytes(packed)
            incbin = f'.incbin "{packed_path.resolve()}"'
        texts["bytes"] += BYTES.format(at=at, path=path.resolve(), gzip=incbin)
        for end in ("begin", "end", "gzip", "gzip_end"):
            texts["symbols"] += f"extern const char verbatim_page_{at}_{end}[];\n"
        texts["assets"] += ASSET.format(at=at, name=path.name, type=TYPES[path.suffix],
                                        etag=hashlib.sha256(content).hexdigest()[:20],
                                        is_immutable=str(bool(HASHED.search(path.name))).lower())
    output.write_text(FILE.format(**texts), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
