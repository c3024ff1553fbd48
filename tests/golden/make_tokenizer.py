#!/usr/bin/env python3
"""Rewrites tokenizer.json: texts and their ids by the `tokenizers` package, for each model directory given."""

import json
import pathlib
import sys

import tokenizers

TEXTS = [
    "", " ", "a", " a", "Hello world", " Hello, world!", " And so my fellow Americans, ask not",
    "I'm, you're, he'd, we'll, they've, it's, don't", "I'M YOU'RE IT'S", "'s 't ' s", "don\u2019t",
    "  two  spaces  ", "tabs\tand\nnewlines\r\n\r\n  x", "\n\n\n", "trailing   ", " \u00a0 no-break\u00a0space",
    "1234567890", " 3.14159 and 1,000,000", "2nd 3rd 21st", "\u00bd \u00b2 \u2167 \u0663\u0664", "a1b2c3",
    "...", "?!?! -- (parenthesis) [bracket] {brace}", "#$%&*+<=>@\\^_`|~", "<|en|> <|endoftext|>",
    "Stra\u00dfe, \u00c4pfel und \u00d6l", "O\u00f9 \u00eates-vous, ma\u00eetre?", "\u00bfQu\u00e9 tal, se\u00f1or?",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043a\u0430\u043a \u0434\u0435\u043b\u0430?", "\u039a\u03b1\u03bb\u03b7\u03bc\u03ad\u03c1\u03b1",
    "\u4f60\u597d\uff0c\u4e16\u754c\uff01", "\u3053\u3093\u306b\u3061\u306f\u3001\u4e16\u754c\u3002", "\uc548\ub155\ud558\uc138\uc694 \uc138\uacc4",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645", "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01",
    "\u1019\u1004\u103a\u1039\u1002\u101c\u102c\u1015\u102b", "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea", "e\u0301 vs \u00e9",
    "\u3000wide\u3000space", "line\u2028separator\u0085next", "\u180e\u200b\ufeff", "\u0000\u0001\u001f\u007f",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "Donaudampfschifffahrtsgesellschaftskapit\u00e4n",
    "https://example.org/a?b=c&d=%20#e", "\u266a la la \u266a",
]


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: make_tokenizer.py MODEL_DIRECTORY...")
    golden = {}
    for directory in map(pathlib.Path, sys.argv[1:]):
        plain = without_named_tokens(directory / "tokenizer.json")
        golden[directory.name] = [
            {"text": text, "ids": plain.encode(text, add_special_tokens=False).ids} for text in TEXTS
        ]
    path = pathlib.Path(__file__).with_name("tokenizer.json")
    path.write_text(json.dumps(golden, indent=None, separators=(",", ":")).replace('{"text"', '\n{"text"') + "\n")


def without_named_tokens(path):
    """The tokenizer that takes <|en|> inside a text for text."""
    model = json.loads(path.read_text())
    model["added_tokens"] = []
    return tokenizers.Tokenizer.from_str(json.dumps(model))


if __name__ == "__main__":
    main()
