"""Files of vectors for tests, without NumPy."""

import struct


def npy_of(rows, kind):
    """What numpy.save writes: a header of a multiple of 64 bytes, and the numbers."""
    header = "{'descr': '<f%d', 'fortran_order': False, 'shape': (%d, %d), }" % (struct.calcsize(kind), len(rows), len(rows[0]))
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header.encode() + b"".join(struct.pack("<%d%s" % (len(row), kind), *row) for row in rows)
