#!/usr/bin/env python3
"""Decrypts one stored document. Written from document-format.md, with Python's standard library only.

For the day when nothing else is at hand, and to prove that the specification is complete. Slow (about 1 MB/s) and not
hardened against side channels: for rescue, not for service. The content goes to standard output only when every chunk of
it is authentic.
"""

import argparse
import base64
import hashlib
import hmac
import struct
import sys

CHUNK = 65536
TAG = 16
HEADER = 80


class Refused(Exception):
    pass


def rotate(value, by):
    return ((value << by) | (value >> (32 - by))) & 0xFFFFFFFF


def rounds(state):
    x = list(state)

    def quarter(a, b, c, d):
        x[a] = (x[a] + x[b]) & 0xFFFFFFFF
        x[d] = rotate(x[d] ^ x[a], 16)
        x[c] = (x[c] + x[d]) & 0xFFFFFFFF
        x[b] = rotate(x[b] ^ x[c], 12)
        x[a] = (x[a] + x[b]) & 0xFFFFFFFF
        x[d] = rotate(x[d] ^ x[a], 8)
        x[c] = (x[c] + x[d]) & 0xFFFFFFFF
        x[b] = rotate(x[b] ^ x[c], 7)

    for _ in range(10):
        quarter(0, 4, 8, 12)
        quarter(1, 5, 9, 13)
        quarter(2, 6, 10, 14)
        quarter(3, 7, 11, 15)
        quarter(0, 5, 10, 15)
        quarter(1, 6, 11, 12)
        quarter(2, 7, 8, 13)
        quarter(3, 4, 9, 14)
    return x


def initial(key, last_words):
    return list(struct.unpack("<4I", b"expand 32-byte k")) + list(struct.unpack("<8I", key)) + list(last_words)


def chacha20_block(key, counter, nonce):
    state = initial(key, (counter,) + struct.unpack("<3I", nonce))
    mixed = rounds(state)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(mixed, state)))


def hchacha20(key, nonce):
    mixed = rounds(initial(key, struct.unpack("<4I", nonce)))
    return struct.pack("<8I", *(mixed[:4] + mixed[12:]))


def poly1305(key, message):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    s = int.from_bytes(key[16:], "little")
    total = 0
    for at in range(0, len(message), 16):
        block = message[at : at + 16] + b"\x01"
        total = (total + int.from_bytes(block, "little")) * r % ((1 << 130) - 5)
    return ((total + s) & ((1 << 128) - 1)).to_bytes(16, "little")


def padded(data):
    return data + bytes(-len(data) % 16)


def open_aead(key, nonce, associated, sealed):
    """ChaCha20-Poly1305, RFC 8439 section 2.8."""
    if len(sealed) < TAG:
        raise Refused("too short to be authentic")
    encrypted, tag = sealed[:-TAG], sealed[-TAG:]
    lengths = struct.pack("<QQ", len(associated), len(encrypted))
    wanted = poly1305(chacha20_block(key, 0, nonce)[:32], padded(associated) + padded(encrypted) + lengths)
    if not hmac.compare_digest(tag, wanted):
        raise Refused("not authentic")
    stream = b"".join(chacha20_block(key, 1 + block, nonce) for block in range((len(encrypted) + 63) // 64))
    size = len(encrypted)
    plain = int.from_bytes(encrypted, "little") ^ int.from_bytes(stream[:size], "little")
    return plain.to_bytes(size, "little")


def open_xaead(key, nonce, associated, sealed):
    """XChaCha20-Poly1305: a key of its own from the first 16 bytes of the nonce, the last 8 as the inner nonce."""
    return open_aead(hchacha20(key, nonce[:16]), bytes(4) + nonce[16:], associated, sealed)


def hkdf_sha256(secret, salt, info, length):
    extracted = hmac.new(salt, secret, hashlib.sha256).digest()
    result, block = b"", b""
    while len(result) < length:
        block = hmac.new(extracted, block + info + bytes([len(result) // 32 + 1]), hashlib.sha256).digest()
        result += block
    return result[:length]


def context(*parts):
    return b"".join(struct.pack(">H", len(part)) + part for part in parts)


def unwrap(ring_key, key_id, file_id, size, wrapped):
    if len(wrapped) != 72:
        raise Refused("a wrapped key has 72 bytes")
    bound_to = context(b"mif file key v1", key_id.encode(), file_id, struct.pack(">Q", size))
    return open_xaead(ring_key, wrapped[:24], bound_to, wrapped[24:])


def decrypt(blob, file_id, size, file_key):
    chunks = max(1, -(-size // CHUNK))
    if len(blob) != HEADER + size + chunks * TAG:
        raise Refused("the length of the blob is not that of its content")
    header = blob[:HEADER]
    prefix, commitment = header[9:16], header[48:]
    wanted = b"\x93MIFDOC\n" + b"\x01" + prefix + file_id + struct.pack(">I", CHUNK) + bytes(12)
    if header[:48] != wanted:
        raise Refused("the header is not that of this file")
    expanded = hkdf_sha256(file_key, header[:48], b"mif document v1", 64)
    if not hmac.compare_digest(expanded[32:], commitment):
        raise Refused("the header was not made with this key")
    content = []
    for number in range(chunks):
        at = HEADER + number * (CHUNK + TAG)
        last = number == chunks - 1
        nonce = prefix + struct.pack(">IB", number, last)
        content.append(open_aead(expanded[:32], nonce, header, blob[at:] if last else blob[at : at + CHUNK + TAG]))
    return b"".join(content)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--key-file", required=True, help="base64 of 32 bytes, as in files-*.key")
    parser.add_argument("--key-id", required=True, help="the key's name in the row of the document")
    parser.add_argument("--file-id", required=True, help="32 hexadecimal digits")
    parser.add_argument("--size", required=True, type=int, help="of the content, in bytes")
    parser.add_argument("--wrapped-key", required=True, help="144 hexadecimal digits")
    parser.add_argument("blob")
    args = parser.parse_args()
    with open(args.key_file, encoding="ascii") as file:
        ring_key = base64.b64decode(file.read().strip(), validate=True)
    with open(args.blob, "rb") as file:
        blob = file.read()
    file_id = bytes.fromhex(args.file_id)
    try:
        file_key = unwrap(ring_key, args.key_id, file_id, args.size, bytes.fromhex(args.wrapped_key))
        content = decrypt(blob, file_id, args.size, file_key)
    except Refused as refused:
        sys.exit(f"refused: {refused}")
    sys.stdout.buffer.write(content)


if __name__ == "__main__":
    main()
