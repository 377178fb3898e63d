# SPDX-License-Identifier: Apache-2.0
"""Images in layouts: layers of this machine's own /usr, with real programs and libraries, and extreme layers."""

import gzip
import hashlib
import io
import json
import os
import platform
import shutil
import stat
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def files(limit: int):
    """Names below / of what is in /usr, up to so many bytes; huge files are left out."""
    total = 0
    for folder, folders, names in os.walk("/usr"):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            found = path.lstat()
            if stat.S_ISREG(found.st_mode) and os.access(path, os.R_OK):
                if found.st_size > 32 << 20:
                    continue
                total += found.st_size
            elif not stat.S_ISLNK(found.st_mode):
                continue
            yield str(path)[1:]
            if total >= limit:
                return


class Image:
    """One image for this machine's platform. Layers are added, then the manifest."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.blobs = folder / "blobs/sha256"
        self.blobs.mkdir(parents=True)
        self.reference = f"oci:{folder}:1.0"
        self.platform = f"linux/{ARCHITECTURE}"
        self.layers: list[Path] = []
        self._descriptors: list[dict] = []
        self._diff_ids: list[str] = []

    @property
    def size(self) -> int:
        return sum(descriptor["size"] for descriptor in self._descriptors)

    def add_layer(self, file: Path, diff_id: str, compression: str) -> None:
        """Moves a file into the layout as the next layer."""
        suffix = {"gzip": "+gzip", "zstd": "+zstd", "plain": ""}[compression]
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        self._descriptors.append({"mediaType": f"application/vnd.oci.image.layer.v1.tar{suffix}",
                                  "digest": f"sha256:{digest}", "size": file.stat().st_size})
        self._diff_ids.append(diff_id)
        self.layers.append(file.rename(self.blobs / digest))

    def finish(self) -> "Image":
        """Writes config, manifest and index."""
        config = {"os": "linux", "architecture": ARCHITECTURE, "config": {},
                  "rootfs": {"type": "layers", "diff_ids": self._diff_ids}}
        manifest = self._add("application/vnd.oci.image.manifest.v1+json", json.dumps({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": self._add("application/vnd.oci.image.config.v1+json",
                                json.dumps(config).encode()),
            "layers": self._descriptors}).encode())
        manifest["annotations"] = {"org.opencontainers.image.ref.name": "1.0"}
        (self.folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        (self.folder / "index.json").write_text(json.dumps(
            {"schemaVersion": 2, "manifests": [manifest]}))
        return self

    def _add(self, kind: str, content: bytes) -> dict:
        digest = hashlib.sha256(content).hexdigest()
        (self.blobs / digest).write_bytes(content)
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content)}


COMPRESSORS = {"gzip": ["gzip", "-6"], "zstd": ["zstd", "-3"], "plain": ["cat"]}


def pack(names: list, listing: Path, file: Path, compression: str) -> str:
    """Packs files of this machine and returns the digest of their archive."""
    archive = hashlib.sha256()
    listing.write_text("\n".join(names) + "\n")
    with (subprocess.Popen(["tar", "--create", "--directory=/", "--no-recursion",
                            f"--files-from={listing}"], stdout=subprocess.PIPE) as tar,
          file.open("wb") as packed,
          subprocess.Popen(COMPRESSORS[compression], stdin=subprocess.PIPE, stdout=packed) as compressor):
        while piece := tar.stdout.read(1 << 20):
            archive.update(piece)
            compressor.stdin.write(piece)
        compressor.stdin.close()
    if tar.returncode != 0 or compressor.returncode != 0:
        raise SystemExit("the files of this machine cannot be packed")
    return f"sha256:{archive.hexdigest()}"


def halves(folder: Path, limit: int) -> Image:
    """Two layers that take about as long: every other file each."""
    image, names = Image(folder), list(files(limit))
    packed = [folder / "first", folder / "second"]
    with ThreadPoolExecutor() as pool:
        diff_ids = list(pool.map(lambda file, part: pack(part, file.with_suffix(".txt"), file, "gzip"),
                                 packed, (names[::2], names[1::2])))
    for file, diff_id in zip(packed, diff_ids):
        image.add_layer(file, diff_id, "gzip")
    return image.finish()


def one(folder: Path, limit: int, compression: str) -> Image | None:
    """One layer; nothing where the compressor is missing."""
    if not shutil.which(COMPRESSORS[compression][0]):
        return None
    image, file = Image(folder), folder / "layer"
    image.add_layer(file, pack(list(files(limit)), folder / "layer.txt", file, compression), compression)
    return image.finish()


def small_files(folder: Path, count: int) -> Image:
    """One layer with many files of a few bytes."""
    image, file, archive = Image(folder), folder / "layer", hashlib.sha256()
    with gzip.GzipFile(file, "wb", 6, mtime=0) as packed:
        for number in range(count):
            entry = tarfile.TarInfo(f"srv/{number % 1000:03}/file-{number:06}.txt")
            content = f"{number}\n".encode()
            entry.size = len(content)
            piece = entry.tobuf(tarfile.USTAR_FORMAT) + content.ljust(512, b"\0")
            archive.update(piece)
            packed.write(piece)
        archive.update(b"\0" * 1024)
        packed.write(b"\0" * 1024)
    image.add_layer(file, f"sha256:{archive.hexdigest()}", "gzip")
    return image.finish()


def many(folder: Path, count: int) -> Image:
    """Many layers of about one kilobyte."""
    image = Image(folder)
    for number in range(count):
        output = io.BytesIO()
        with tarfile.open(fileobj=output, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            entry = tarfile.TarInfo(f"srv/file-{number}")
            content = hashlib.shake_256(str(number).encode()).digest(700)  # does not compress
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        file = folder / "layer"
        file.write_bytes(gzip.compress(output.getvalue(), 6, mtime=0))
        image.add_layer(file, f"sha256:{hashlib.sha256(output.getvalue()).hexdigest()}", "gzip")
    return image.finish()
