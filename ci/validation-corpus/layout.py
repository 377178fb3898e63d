"""Writes images as an OCI image layout, with the same bytes on every run."""
import gzip
import hashlib
import json
import struct
from pathlib import Path

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
SUFFIX = {"gzip": "+gzip", "zstd": "+zstd", "plain": "", "xz": "+xz"}


def zstd(content: bytes) -> bytes:
    """Returns a Zstandard frame of uncompressed blocks; the format needs no compressor for those."""
    blocks = [content[at:at + 131072] for at in range(0, len(content), 131072)] or [b""]
    frame = struct.pack("<IBQ", 0xFD2FB528, 0xE0, len(content))
    for number, block in enumerate(blocks):
        is_last = number == len(blocks) - 1
        frame += struct.pack("<I", len(block) << 3 | is_last)[:3] + block
    return frame


def compress(content: bytes, compression: str) -> bytes:
    if compression == "gzip":
        return gzip.compress(content, 6 if len(content) < 8 << 20 else 1, mtime=0)
    if compression == "zstd":
        return zstd(content)
    if compression == "xz":
        import lzma
        return lzma.compress(content)
    return content


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Layout:
    """A directory with blobs and an index; each image is a tag."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.roots: dict[str, dict] = {}
        (directory / "blobs/sha256").mkdir(parents=True, exist_ok=True)
        (directory / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def add(self, content: bytes, media_type: str, **more) -> dict:
        digest = digest_of(content)
        path = self.directory / "blobs/sha256" / digest.removeprefix("sha256:")
        if not path.exists():
            path.write_bytes(content)
        return {"mediaType": media_type, "digest": digest, "size": len(content), **more}

    def add_json(self, value, media_type: str, edit=None, **more) -> dict:
        text = json.dumps(value, indent=1)
        return self.add((edit(text) if edit else text).encode(), media_type, **more)

    def tag(self, name: str, root: dict) -> None:
        self.roots[name] = root

    def write_index(self) -> None:
        manifests = [{**root, "annotations": {"org.opencontainers.image.ref.name": name}} for name,
            root in self.roots.items()]
        (self.directory / "index.json").write_text(json.dumps({"schemaVersion": 2, "mediaType": INDEX,
            "manifests": manifests}, indent=1))

    def read(self, digest: str) -> bytes:
        return (self.directory / "blobs/sha256" / digest.removeprefix("sha256:")).read_bytes()
