"""Media that is made to do harm, or broken in many ways: files for test_hostile_media.py and for longer campaigns.

Every function writes files into a folder and returns their paths; the same arguments give the same files.
"""

import random
import shutil
import struct
import subprocess

SOUND = "anoisesrc=a=0.02:s=1:r=16000:d=2"  # no speech: nothing to be computed

# Of each kind: its ending, and what ffmpeg is told.
SEEDS = [
    ("pcm.wav", "-c:a pcm_s16le"), ("float.wav", "-c:a pcm_f32le"), ("alaw.wav", "-c:a pcm_alaw"), ("adpcm.wav", "-c:a adpcm_ms"),
    ("be.aiff", "-c:a pcm_s16be"), ("mulaw.au", "-c:a pcm_mulaw"), ("a.caf", "-c:a pcm_s16le"), ("a.w64", "-c:a pcm_s16le"),
    ("a.flac", "-c:a flac"), ("a.mp3", "-c:a libmp3lame"), ("a.mp2", "-c:a mp2"), ("a.aac", "-c:a aac -f adts"),
    ("a.ac3", "-c:a ac3"), ("a.ogg", "-c:a libvorbis"), ("a.opus", "-c:a libopus"), ("flac.ogg", "-c:a flac"),
    ("a.m4a", "-c:a aac"), ("alac.m4a", "-c:a alac"), ("front.mp4", "-c:a aac -movflags +faststart"),
    ("fragments.mp4", "-c:a aac -movflags +frag_keyframe+empty_moov -frag_duration 500000"), ("a.mov", "-c:a pcm_s16le"),
    ("opus.mkv", "-c:a libopus"), ("aac.mkv", "-c:a aac"), ("a.webm", "-c:a libvorbis"), ("a.avi", "-c:a mp2"),
    ("a.ts", "-c:a aac"), ("mp2.mpg", "-c:a mp2 -f mpeg"), ("a.flv", "-c:a aac"), ("a.wma", "-c:a wmav2"), ("a.wv", "-c:a wavpack"),
    ("a.tta", "-c:a tta"), ("a.3gp", "-c:a aac"), ("a.nut", "-c:a flac"), ("a.mka", "-c:a ac3"),
]


def seeds(folder, names=None):
    """A small file of each kind, or of those named, that this ffmpeg can write."""
    written = []
    for name, arguments in SEEDS:
        if names is not None and name not in names:
            continue
        path = folder / name
        command = ["ffmpeg", "-nostdin", "-v", "quiet", "-y", "-f", "lavfi", "-i", SOUND, *arguments.split(), path]
        if subprocess.run(command, check=False).returncode == 0:
            written.append(path)
    return written


# Mutations. Each takes and returns a bytearray.


def flip(data, rng):
    """Single bits, as many as a damaged disk or a bad line changes, or far more."""
    for _ in range(max(1, int(len(data) * 8 * 10 ** rng.uniform(-5, -2)))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def set_number(data, rng):
    """A number near the front or the end becomes one that is read as very large, negative or nothing."""
    for _ in range(rng.randint(1, 4)):
        reach = min(len(data), 4096)
        place = rng.randrange(reach) if rng.random() < 0.7 else len(data) - 1 - rng.randrange(reach)
        value = rng.choice([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\0\0\0", b"\0\0\0\0", b"\0\0\0\x80", b"\xff" * 8, b"\0\1"])
        data[place:place + len(value)] = value
    return data


def truncate(data, rng):
    return data[:rng.randrange(1, len(data))] if rng.random() < 0.5 else data[:rng.randrange(1, min(len(data), 4096))]


def repeat(data, rng):
    begin = rng.randrange(len(data))
    piece = data[begin:begin + rng.randrange(1, 2000)]
    return data[:begin] + piece * rng.randint(2, 50) + data[begin:]


def cut(data, rng):
    begin = rng.randrange(len(data))
    return data[:begin] + data[begin + rng.randrange(1, 2000):]


def exchange(data, rng):
    size = rng.randrange(1, 1000)
    one, other = rng.randrange(len(data)), rng.randrange(len(data))
    first, second = data[one:one + size], data[other:other + size]
    data[one:one + len(second)], data[other:other + len(first)] = second, first
    return data


def overwrite(data, rng):
    begin = rng.randrange(len(data))
    data[begin:begin + rng.randrange(1, 500)] = rng.randbytes(rng.randrange(1, 500))
    return data


MUTATIONS = [flip, flip, set_number, set_number, truncate, repeat, cut, exchange, overwrite]


def mutate(folder, sources, count, seed=1):
    """`count` files, each one of the sources with one to three things wrong."""
    written = []
    for i in range(count):
        rng = random.Random(f"{seed} {i}")
        source = sources[i % len(sources)]
        data = bytearray(source.read_bytes())
        for _ in range(rng.randint(1, 3)):
            data = rng.choice(MUTATIONS)(data, rng) or bytearray(b"\0")
        path = folder / f"{i:05}_{source.name}"
        path.write_bytes(data)
        written.append(path)
    return written


# Files that are meant to make a program open others.


def trap_contents(secret, port):
    """What FFmpeg might follow: by name, the bytes. `secret` is a file with speech, `port` one that listens here."""
    web = f"http://127.0.0.1:{port}"
    hls = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:20\n#EXT-X-MEDIA-SEQUENCE:0\n{}#EXTINF:11.0,\n{}\n#EXT-X-ENDLIST\n"
    dash = ('<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT11S" '
            'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="audio/mp4"><Representation id="0" '
            'bandwidth="1000" codecs="mp4a.40.2"><BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>')
    return {
        "hls_file": hls.format("", secret), "hls_file_url": hls.format("", f"file://{secret}"), "hls_web": hls.format("", f"{web}/a.ts"),
        "hls_map": hls.format(f'#EXT-X-MAP:URI="{web}/init.mp4"\n', secret),
        "hls_key": hls.format(f'#EXT-X-KEY:METHOD=AES-128,URI="{web}/key"\n', f"{web}/a.ts"),
        "hls_concat": hls.format("", f"concat:{web}/head|file://{secret}"), "hls_subfile": hls.format("", f"subfile,,start,0,end,9999,,:{secret}"),
        "hls_data": hls.format("", "data:audio/wav;base64,UklGRg=="), "hls_crypto": hls.format("", f"crypto:{secret}"),
        "hls_master": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{web}/low.m3u8\n",
        "hls_after_id3": "ID3\x03\0\0\0\0\0\0" + hls.format("", f"{web}/a.ts"), "hls_after_zeros": "\0" * 64 + hls.format("", f"{web}/a.ts"),
        "hls_after_riff": "RIFF\xff\xff\xff\xffAVI " + hls.format("", f"{web}/a.ts"),
        "concat_file": f"ffconcat version 1.0\nfile '{secret}'\n", "concat_web": f"ffconcat version 1.0\nfile '{web}/a.wav'\n",
        "dash_file": dash.format(f"file://{secret}"), "dash_web": dash.format(f"{web}/a.mp4"),
        "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\na=rtpmap:0 PCMU/8000\n",
        "asx": f'<asx version="3.0"><entry><ref href="{web}/a.asf"/></entry></asx>', "ram": f"{web}/a.rm\n", "pls": f"[playlist]\nFile1={web}/a.mp3\n",
        "smil": f'<smil><body><audio src="{web}/a.wav"/></body></smil>', "svg": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{web}/a"/></svg>',
        "imf": f'<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"><Id>{web}</Id></CompositionPlaylist>',
        "avisynth": f'DirectShowSource("{secret}")\n', "rtsp_reply": f"RTSP/1.0 302 Found\r\nLocation: {web}/a\r\n\r\n",
    }


def box(kind, *parts):
    content = b"".join(parts)
    return struct.pack(">I", len(content) + 8) + kind + content


def chunk(kind, content):
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def mov_with_reference(url):
    """A QuickTime movie whose sound is said to lie in another file, and one that names another movie."""
    data_reference = box(b"dref", struct.pack(">II", 0, 1), box(b"url ", struct.pack(">I", 0), url.encode() + b"\0"))
    entry = box(b"sowt", b"\0" * 6, struct.pack(">HHHIHHHHI", 1, 0, 0, 0, 1, 16, 0, 0, 16000 << 16))
    table = box(b"stbl", box(b"stsd", struct.pack(">II", 0, 1), entry), box(b"stts", struct.pack(">IIII", 0, 1, 16000, 1)),
                box(b"stsc", struct.pack(">IIIII", 0, 1, 1, 16000, 1)), box(b"stsz", struct.pack(">III", 0, 2, 16000)),
                box(b"stco", struct.pack(">III", 0, 1, 44)))
    media = box(b"mdia", box(b"mdhd", struct.pack(">IIIIIHH", 0, 0, 0, 16000, 16000, 0, 0)), box(b"hdlr", b"\0" * 8, b"soun", b"\0" * 13),
                box(b"minf", box(b"smhd", b"\0" * 8), box(b"dinf", data_reference), table))
    header = box(b"mvhd", struct.pack(">IIIIII", 0, 0, 0, 16000, 16000, 0x10000), b"\0" * 76)
    track = box(b"trak", box(b"tkhd", struct.pack(">IIIII", 7, 0, 0, 1, 0), b"\0" * 64), media)
    redirect = box(b"rmra", box(b"rmda", box(b"rdrf", struct.pack(">I", 0), b"url ", struct.pack(">I", len(url) + 1), url.encode() + b"\0")))
    return {"mov_dref": box(b"ftyp", b"qt  ", b"\0" * 4) + box(b"moov", header, track), "mov_rmra": box(b"ftyp", b"qt  ", b"\0" * 4) + box(b"moov", header, redirect)}


def avi_with_playlist(playlist):
    """The trick of 2017: an AVI with a stream of subtitles that holds a playlist (GAB2)."""
    gab2 = b"GAB2\0" + struct.pack("<HI", 2, 0) + struct.pack("<HI", 4, len(playlist)) + playlist
    main = chunk(b"avih", struct.pack("<10I", 40000, 1000, 0, 16, 1, 0, 1, 0, 0, 0) + b"\0" * 16)
    stream = b"LIST" + struct.pack("<I", 4 + 64 + 12) + b"strl" + chunk(b"strh", b"txts" + b"\0" * 52) + chunk(b"strf", b"\0" * 4)
    headers = b"hdrl" + main + stream
    body = b"movi" + chunk(b"00tx", gab2)
    riff = b"AVI " + b"LIST" + struct.pack("<I", len(headers)) + headers + b"LIST" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(riff)) + riff


def traps(folder, secret, port):
    """At least 60 files that name others, each under names that promise something else."""
    contents = {name: text.encode("latin-1") for name, text in trap_contents(secret, port).items()}
    contents.update(mov_with_reference(f"http://127.0.0.1:{port}/a.mov"))
    contents.update({name + "_file": data for name, data in mov_with_reference(f"file://{secret}").items()})
    contents["avi_gab2_web"] = avi_with_playlist(contents["hls_web"])
    contents["avi_gab2_file"] = avi_with_playlist(contents["hls_file"])
    contents["avi_gab2_concat"] = avi_with_playlist(contents["concat_file"])
    written = []
    for name, data in contents.items():
        for ending in ("mp4", "avi", "wav"):
            path = folder / f"{name}.{ending}"
            path.write_bytes(data)
            written.append(path)
    for name in (f"concat:{secret.name}|{secret.name}", f"subfile,,start,0,end,99,,:{secret.name}", "data:audio,x", f"http:127.0.0.1:{port}", "image%03d",
                 "pipe:0", "fd:3", "cache:a", "async:a", "glob*?[a]", "-i"):
        path = folder / f"{name}.mp4"
        path.write_bytes(contents["hls_file"])
        written.append(path)
    return written


# Small files that ask for a lot.


def wav(rate=16000, channels=1, bits=16, tag=1, align=None, data=b"\0" * 3200, data_size=None, extra=b""):
    align = channels * bits // 8 % 65536 if align is None else align
    head = struct.pack("<HHIIHH", tag, channels, rate, rate * align % 2**32, align, bits)
    size = len(data) if data_size is None else data_size
    return b"RIFF\xff\xff\xff\xffWAVE" + chunk(b"fmt ", head) + extra + b"data" + struct.pack("<I", size) + data


def ogg_page(payload, serial=1, sequence=0, granule=0, flags=0):
    segments = [255] * (len(payload) // 255) + [len(payload) % 255]
    page = b"OggS\0" + struct.pack("<BqIII", flags, granule, serial, sequence, 0) + bytes([len(segments)]) + bytes(segments) + payload
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return page[:22] + struct.pack("<I", crc) + page[26:]


def opus(granule):
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 48000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 0) + struct.pack("<I", 0)
    return ogg_page(head, flags=2) + ogg_page(tags, sequence=1) + ogg_page(b"\xfc\xff\xfe", sequence=2, granule=granule, flags=4)


def ebml(identifier, content):
    return identifier + struct.pack(">Q", len(content) | 1 << 56) + content


def mkv(*parts):
    return ebml(b"\x1a\x45\xdf\xa3", ebml(b"\x42\x82", b"matroska")) + ebml(b"\x18\x53\x80\x67", b"".join(parts))


def mp4(*parts):
    return box(b"ftyp", b"isom", b"\0\0\0\0", b"isom") + box(b"moov", *parts) + box(b"mdat", b"\0" * 1000)


def nested(make, depth, inner=b""):
    for _ in range(depth):
        inner = make(inner)
    return inner


def mp4_track(duration=16000, counts=1, size=1):
    entry = box(b"mp4a", b"\0" * 6, struct.pack(">HHHIHHHHI", 1, 0, 0, 0, 2, 16, 0, 0, 16000 << 16))
    table = box(b"stbl", box(b"stsd", struct.pack(">II", 0, 1), entry), box(b"stts", struct.pack(">IIII", 0, 1, counts, 0x7FFFFFFF)),
                box(b"stsc", struct.pack(">IIIII", 0, 1, 1, counts, 1)), box(b"stsz", struct.pack(">III", 0, size, counts)),
                box(b"stco", struct.pack(">III", 0, 1, 100)), box(b"ctts", struct.pack(">II", 0, counts)))
    media = box(b"mdia", box(b"mdhd", struct.pack(">IIIIIHH", 0, 0, 0, 16000, duration % 2**32, 0, 0)), box(b"hdlr", b"\0" * 8, b"soun", b"\0" * 13),
                box(b"minf", table))
    return box(b"trak", box(b"tkhd", struct.pack(">IIIII", 7, 0, 0, 1, 0), b"\0" * 64), media)


def flac(rate=16000, samples=2**36 - 1, blocks=b"", block_size=65535):
    info = struct.pack(">HH", block_size, block_size) + b"\0" * 6 + struct.pack(">Q", rate << 44 | 0 << 41 | 15 << 36 | samples) + b"\0" * 16
    return b"fLaC" + bytes([0x80 if not blocks else 0]) + struct.pack(">I", len(info))[1:] + info + blocks


def bomb_contents():
    """By name: bytes of a file that claims, or unfolds to, more than any recording is."""
    id3 = b"ID3\x03\0\0"
    ten_years = 10 * 365 * 86400 * 16000
    mvhd = lambda timescale, duration: box(b"mvhd", struct.pack(">IIIIII", 0x1000000, 0, 0, 0, 0, timescale) + struct.pack(">Q", duration), b"\0" * 80)
    track_entry = lambda number: ebml(b"\xae", ebml(b"\xd7", bytes([number % 255 + 1])) + ebml(b"\x83", b"\2") + ebml(b"\x86", b"A_PCM/INT/LIT"))
    return {
        "samples.wav": wav(data_size=2**32 - 1), "samples_31.wav": wav(data_size=2**31), "rate_0.wav": wav(rate=0), "rate_1.wav": wav(rate=1),
        "rate_31.wav": wav(rate=2**31), "rate_32.wav": wav(rate=2**32 - 1), "channels_0.wav": wav(channels=0), "channels_255.wav": wav(channels=255),
        "channels_65535.wav": wav(channels=65535, align=2), "bits_0.wav": wav(bits=0), "bits_65535.wav": wav(bits=65535, align=1),
        "align_0.wav": wav(align=0), "adpcm_align.wav": wav(tag=2, bits=4, align=65535), "mp3_in.wav": wav(tag=85, rate=8000), "unknown.wav": wav(tag=0xBEEF),
        "list_huge.wav": wav(extra=b"LIST\xf0\xff\xff\xff"), "chunks.wav": wav(extra=chunk(b"junk", b"") * 20000), "rate_one_second.flac": flac(rate=1),
        "samples.flac": flac(), "rate_0.flac": flac(rate=0), "metadata.flac": flac(blocks=b"\x04\xff\xff\xff" + b"\0" * 1000),
        "picture.flac": flac(blocks=b"\x86\xff\xff\xff" + struct.pack(">II", 3, 2**31 - 1) + b"\0" * 100), "hours.opus": opus(48000 * 3600 * 24 * 365),
        "granule.opus": opus(2**63 - 1), "granule_negative.opus": opus(-(2**62)),
        "streams.ogg": b"".join(ogg_page(b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 48000, 0, 0), serial=i, flags=2) for i in range(3000)),
        "id3_256mb.mp3": id3 + b"\x7f\x7f\x7f\x7f" + b"\0" * 5000, "id3_picture.mp3": id3 + b"\x7f\x7f\x7f\x7fAPIC\x7f\xff\xff\xff\0\0" + b"\0" * 5000,
        "id3_frames.mp3": id3 + b"\0\x09\x40\0" + (b"TXXX\0\0\0\1\0\0\0" * 10000), "id3_nested.mp3": (id3 + b"\0\0\0\x0a") * 20000,
        "ten_years.mp4": mp4(mvhd(16000, ten_years), mp4_track(duration=2**32 - 1)), "duration_max.mp4": mp4(mvhd(1, 2**63 - 1), mp4_track()),
        "samples.mp4": mp4(mvhd(16000, 16000), mp4_track(counts=2**31 - 1)), "samples_0.mp4": mp4(mvhd(16000, 16000), mp4_track(counts=2**32 - 1, size=0)),
        "tracks.mp4": mp4(mvhd(16000, 16000), *[mp4_track()] * 10000), "boxes_deep.mp4": mp4(nested(lambda inner: box(b"udta", inner), 10000)),
        "moov_deep.mp4": mp4(nested(lambda inner: box(b"moov", inner), 10000)), "box_large.mp4": mp4(struct.pack(">I", 1) + b"udta" + b"\x7f" + b"\xff" * 7),
        "fragments.mp4": mp4(mvhd(16000, 0), mp4_track(), box(b"mvex", box(b"trex", b"\0" * 24))) + box(b"moof", box(b"traf", b"\0" * 8)) * 20000,
        "ebml_deep.mkv": mkv(nested(lambda inner: ebml(b"\x12\x54\xc3\x67", inner), 3000)), "tags.mkv": mkv(ebml(b"\x12\x54\xc3\x67", ebml(b"\x73\x73", b"") * 20000)),
        "tracks.mkv": mkv(ebml(b"\x16\x54\xae\x6b", b"".join(track_entry(i) for i in range(10000)))),
        "size.mkv": mkv(ebml(b"\x15\x49\xa9\x66", b"") + b"\x16\x54\xae\x6b\x01\xff\xff\xff\xff\xff\xff\xfe"),
        "cues.mkv": mkv(ebml(b"\x1c\x53\xbb\x6b", ebml(b"\xbb", ebml(b"\xb3", b"\1")) * 30000)),
        "streams.avi": b"RIFF\xff\xff\xff\xffAVI LIST\xff\xff\xff\x7fhdrl" + (b"LIST" + struct.pack("<I", 12) + b"strl" + chunk(b"strh", b"")) * 10000,
        "amf_deep.flv": b"FLV\1\5\0\0\0\x09\0\0\0\0\x12\x03\xff\xff\0\0\0\0\0\0\0\2\0\x0aonMetaData" + b"\x03\0\1a" * 60000,
        "ape_frames.ape": b"MAC \x96\x0f\0\0" + struct.pack("<IIIIII", 52, 24, 2**32 - 1, 2**32 - 1, 0, 0) + b"\xff" * 2000,
        "tta_frames.tta": b"TTA1" + struct.pack("<HHHIII", 1, 1, 16, 1, 2**32 - 1, 0) + b"\0" * 500, "caf_packets.caf": b"caff\0\1\0\0desc" + struct.pack(">Qd", 32, 16000.0)
        + b"alac" + struct.pack(">IIIII", 0, 0, 2**31 - 1, 1, 16) + b"pakt" + struct.pack(">QQQII", 24, 2**62, 2**62, 0, 0),
        "au_data.au": b".snd" + struct.pack(">IIIII", 24, 2**32 - 2, 3, 2**32 - 1, 65535), "aiff.aiff": b"FORM\x7f\xff\xff\xffAIFFCOMM\0\0\0\x12" + b"\xff" * 18,
        "programs.ts": b"".join(b"\x47\x40\0" + bytes([0x10 | i % 16]) + b"\0\0\xb0\xb1\0\1\xc1\0\0" + bytes((i * 7 + j) % 256 for j in range(176)) for i in range(2000))[:188 * 2000],
        "objects.wma": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + struct.pack("<QIBB", 2**63 - 1, 2**32 - 1, 1, 2) + b"\xff" * 1000,
        "noise.mp3": random.Random(1).randbytes(500_000), "noise.aac": random.Random(2).randbytes(500_000), "noise.ts": random.Random(3).randbytes(500_000),
    }


def bombs(folder):
    written = []
    for name, data in bomb_contents().items():
        path = folder / f"bomb_{name}"
        path.write_bytes(data)
        written.append(path)
    zeros = folder / "bomb_zeros.mp4"
    with zeros.open("wb") as file:
        file.truncate(1 << 30)  # a gigabyte that takes no place
    return [*written, zeros]


def have_ffmpeg():
    return shutil.which("ffmpeg") is not None
