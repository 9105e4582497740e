"""Drives engine.wasm from Python, through wasmtime: dumpfiles and layers in, digests out.

Follows build/abi.md, from which the numbers are copied; ../README.md has the form of jobs and answers.

    python host.py ENGINE < JOBS > ANSWERS
"""

import os
import struct
import sys

from wasmtime import Engine, Instance, Module, Store

ABI_VERSION = 2
INPUT_WINDOW_BYTES = 1 << 20
CONTROL_LAYER_TAKEN = 144
ERROR_FIELD = 4
ERROR_LINE = 16
LAYER_BOTH_HASHES = 1 | 2
BLOCK_BITS = 12
FORMATS = range(3)
HASHES = [("sha256", 1, 0), ("sha512", 2, 1)]  # name, algorithm, flag of mergeBegin


class Refusal(Exception):
    """The engine refuses the input."""


class Host:
    """An instance of the engine. A wasmtime.Trap out of any method means that it must not be used any more."""

    def __init__(self, path):
        self.store = Store(Engine())
        self.exports = Instance(self.store, Module.from_file(self.store.engine, path), []).exports(self.store)
        self.memory = self.exports["memory"]
        if (version := self.call("abiVersion")) != ABI_VERSION:
            raise RuntimeError(f"engine.wasm has version {version} of the ABI")

    def call(self, name, *numbers):
        return self.exports[name](self.store, *numbers)

    def check(self, name, *numbers):
        """Calls what gives a status."""
        if status := self.call(name, *numbers):
            raise self.refusal(status)

    def length(self, name, *numbers):
        """Calls what gives a number, or a status, negated."""
        if (result := self.call(name, *numbers)) < 0:
            raise self.refusal(-result)
        return result

    def refusal(self, status):
        (line,) = struct.unpack("<Q", self.read("errorPtr", 8, ERROR_LINE))
        (field,) = struct.unpack("<I", self.read("errorPtr", 4, ERROR_FIELD))
        return Refusal(f"refused:{status}:{line}:{field}")

    def read(self, address, length, offset=0):
        """Copies bytes out of memory. Addresses above 2^31 come signed."""
        start = self.call(address) % 2**32 + offset
        return bytes(self.memory.read(self.store, start, start + length))

    def write(self, piece):
        """Copies bytes to the input window and gives their number."""
        return self.memory.write(self.store, piece, self.call("inputPtr") % 2**32)

    def reset(self):
        self.call("reset", *struct.unpack("<2i", os.urandom(8)))

    def read_dump(self, path):
        self.reset()
        self.check("dumpBegin", 0)
        for piece in pieces(path):
            self.check("dumpWrite", self.write(piece))
        self.check("dumpEnd")

    def read_layer(self, path):
        """The records of a layer, in pieces that mergeWrite takes as they are."""
        records = []
        self.reset()
        self.check("layerBegin", LAYER_BOTH_HASHES)
        for piece in pieces(path):
            length, start = self.write(piece), 0
            while start < length:
                records.append(self.read("outputPtr", self.length("layerWrite", start, length - start)))
                start += struct.unpack("<Q", self.read("controlPtr", 8, CONTROL_LAYER_TAKEN))[0]
        self.check("layerEnd")
        return records

    def merge(self, layers, flags):
        """Makes one tree of layers, base first."""
        self.reset()
        self.check("mergeBegin", flags)
        for records in layers:
            self.check("mergeLayer")
            for piece in records:
                self.check("mergeWrite", self.write(piece))
        self.check("mergeEnd")

    def image_digests(self, hashes):
        """Writes an image of the tree in each format, for its digests alone: a verity slot for each hash."""
        for version in FORMATS:
            try:
                self.check("imageOpen", version)
            except Refusal as refusal:
                yield f"v{version}:{refusal}"
                continue
            for slot, (_, algorithm, _) in enumerate(hashes):
                self.check("verityOpen", slot, algorithm, BLOCK_BITS, 0)
            while self.length("imageRead", (1 << len(hashes)) - 1):
                pass
            for slot, (name, _, _) in enumerate(hashes):
                digest = self.read("digestPtr", self.length("verityClose", slot))
                yield f"v{version}-{name}-{BLOCK_BITS}:{digest.hex()}"

    def answer(self, job):
        """Does a job: `dump FILE` or `layers FLAGS FILE…`."""
        verb, *operands = job.split()
        try:
            if verb == "dump":
                self.read_dump(operands[0])
                return list(self.image_digests(HASHES))
            flags, *files = operands
            layers = [self.read_layer(file) for file in files]
            answers = []
            for one in HASHES:
                self.merge(layers, int(flags) | one[2])
                answers += self.image_digests([one])
            return answers
        except Refusal as refusal:
            return [str(refusal)]


def pieces(path):
    """A file in pieces that the input window can hold."""
    with open(path, "rb") as file:
        while piece := file.read(INPUT_WINDOW_BYTES):
            yield piece


if __name__ == "__main__":
    host = Host(sys.argv[1])
    for job in sys.stdin.read().splitlines():
        for answer in host.answer(job):
            print(f"{answer}  {job}")
