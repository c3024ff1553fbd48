#!/usr/bin/env python3
"""Makes silero_vad_16k.safetensors from silero_vad_16k_op15.onnx of the package silero-vad 6.2.3.

The tensors are copied bit for bit, only renamed. (The package's own safetensors file holds an older version's weights,
whose probabilities differ from those of its ONNX models.)  Usage: convert_onnx.py MODEL.onnx OUT.safetensors
"""
import json
import struct
import sys

NAMES = {
    "model.stft.forward_basis_buffer": "stft_conv.weight",
    **{f"model.encoder.{i}.reparam_conv.{part}": f"conv{i + 1}.{part}"
       for i in range(4) for part in ("weight", "bias")},
    **{f"model.decoder.rnn.{part}": f"lstm_cell.{part}"
       for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")},
    "model.decoder.decoder.2.weight": "final_conv.weight",
    "model.decoder.decoder.2.bias": "final_conv.bias",
}
GRAPH, INITIALIZER = 7, 5  # field numbers of onnx.proto
DIMS, DATA_TYPE, NAME, RAW_DATA = 1, 2, 8, 9
FLOAT = 1


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    """The fields of one protocol-buffer message: (number, value)."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            size, at = varint(data, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            value, at = data[at:at + size], at + size
        yield key >> 3, value


def main(source, target):
    with open(source, "rb") as file:
        graph = next(value for number, value in fields(file.read()) if number == GRAPH)
    tensors = {}
    for number, value in fields(graph):
        if number != INITIALIZER:
            continue
        parts = list(fields(value))
        one = dict(parts)
        if one[DATA_TYPE] != FLOAT:
            raise SystemExit("not f32")
        shape = [value for number, value in parts if number == DIMS]
        tensors[NAMES[one[NAME].decode()]] = (shape, one[RAW_DATA])
    header, data = {}, b""
    for name in NAMES.values():
        shape, raw = tensors[name]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(target, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    main(*sys.argv[1:])
