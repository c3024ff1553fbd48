#!/usr/bin/env python3
"""Rewrites alignment.json: small attention weights and the first frame of each token, straight from the definition.

Needs NumPy. The weights are random with a slope, a quarter of them noise, so that the path is neither trivial nor chance.
"""

import json
import pathlib

import numpy as np

CASES = [  # heads, context rows, tokens, trailing rows, frames, frames_max
    (1, 0, 1, 0, 1, 3), (1, 0, 4, 0, 3, 5), (2, 1, 5, 0, 12, 16), (3, 2, 7, 1, 25, 25), (2, 3, 9, 1, 8, 10),
    (1, 0, 12, 0, 5, 6), (4, 4, 20, 1, 60, 64), (2, 0, 1, 1, 30, 30),
]


def weights_of(random, heads, rows, frames, frames_max):
    centre = np.linspace(0, frames - 1, rows)[None, :, None]
    distance = np.arange(frames_max)[None, None, :] - centre
    logits = -0.5 * (distance / (1 + frames / rows)) ** 2 + random.normal(0, 1.5, (heads, rows, frames_max))
    exponentials = np.exp(logits)
    return (exponentials / exponentials.sum(-1, keepdims=True)).astype(np.float32)


def median_filtered(values, width=7):
    margin = width // 2
    if values.shape[-1] <= margin:
        return values
    padded = np.pad(values, ((0, 0), (0, 0), (margin, margin)), mode="reflect")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, width, axis=-1), axis=-1)


def first_frames(cost):
    rows, frames = cost.shape
    total = np.full((rows + 1, frames + 1), np.inf)
    total[0, 0] = 0
    for i in range(1, rows + 1):
        for j in range(1, frames + 1):
            total[i, j] = cost[i - 1, j - 1] + min(total[i - 1, j - 1], total[i - 1, j], total[i, j - 1])
    i, j = rows, frames
    first = [0] * rows
    while i > 0 and j > 0:
        first[i - 1] = j - 1
        steps = [total[i - 1, j - 1], total[i - 1, j], total[i, j - 1]]
        best = int(np.argmin(steps))
        i, j = (i - 1, j - 1) if best == 0 else (i - 1, j) if best == 1 else (i, j - 1)
    return first


def aligned(weights, context_rows, tokens, frames):
    values = weights[:, :, :frames].astype(np.float64)
    values /= values.sum(-1, keepdims=True)
    deviation = values.std(axis=1, keepdims=True)
    values = np.divide(values - values.mean(axis=1, keepdims=True), deviation, where=deviation > 1e-12,
                       out=np.zeros_like(values))
    fit = median_filtered(values).mean(axis=0)[context_rows : context_rows + tokens]
    return first_frames(-fit)


def main():
    random = np.random.default_rng(1)
    cases = []
    for heads, context_rows, tokens, trailing_rows, frames, frames_max in CASES:
        weights = weights_of(random, heads, context_rows + tokens + trailing_rows, frames, frames_max)
        weights = np.round(weights, 5)
        cases.append({
            "heads": heads, "context_rows": context_rows, "tokens": tokens, "trailing_rows": trailing_rows,
            "frames": frames, "frames_max": frames_max, "weights": [round(float(w), 5) for w in weights.ravel()],
            "first_frames": aligned(weights, context_rows, tokens, frames),
        })
    path = pathlib.Path(__file__).with_name("alignment.json")
    path.write_text("[" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "]\n")


if __name__ == "__main__":
    main()
