# SPDX-License-Identifier: Apache-2.0
"""An image in a layout, made of what this machine's own /usr holds: real programs and libraries."""

import hashlib
import json
import os
import platform
import stat
import subprocess
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
    """One image of two layers, for this machine's platform."""

    def __init__(self, folder: Path, limit: int):
        self.folder = folder
        self.blobs = folder / "blobs/sha256"
        self.blobs.mkdir(parents=True)
        self.reference = f"oci:{folder}:1.0"
        self.platform = f"linux/{ARCHITECTURE}"
        names = list(files(limit))
        # Every other file each, so that both layers take about as long.
        halves = names[::2], names[1::2]
        with ThreadPoolExecutor() as pool:
            done = list(pool.map(self._pack, ("first", "second"), halves))
        self.layers = [self.blobs / layer["digest"].split(":")[1] for layer, _ in done]
        self.size = sum(layer["size"] for layer, _ in done)
        config = {"os": "linux", "architecture": ARCHITECTURE, "config": {},
                  "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in done]}}
        manifest = self._add("application/vnd.oci.image.manifest.v1+json", json.dumps({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": self._add("application/vnd.oci.image.config.v1+json",
                                json.dumps(config).encode()),
            "layers": [layer for layer, _ in done]}).encode())
        manifest["annotations"] = {"org.opencontainers.image.ref.name": "1.0"}
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        (folder / "index.json").write_text(json.dumps(
            {"schemaVersion": 2, "manifests": [manifest]}))

    def _add(self, kind: str, content: bytes) -> dict:
        digest = hashlib.sha256(content).hexdigest()
        (self.blobs / digest).write_bytes(content)
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content)}

    def _pack(self, name: str, names: list):
        """Returns a layer's descriptor and the digest of its archive."""
        file, listing, archive = self.folder / name, self.folder / f"{name}.txt", hashlib.sha256()
        listing.write_text("\n".join(names) + "\n")
        with (subprocess.Popen(["tar", "--create", "--directory=/", "--no-recursion",
                                f"--files-from={listing}"], stdout=subprocess.PIPE) as tar,
              file.open("wb") as packed,
              subprocess.Popen(["gzip", "-6"], stdin=subprocess.PIPE, stdout=packed) as gzip):
            while piece := tar.stdout.read(1 << 20):
                archive.update(piece)
                gzip.stdin.write(piece)
            gzip.stdin.close()
        if tar.returncode != 0 or gzip.returncode != 0:
            raise SystemExit("the files of this machine cannot be packed")
        digest = hashlib.file_digest(file.open("rb"), "sha256").hexdigest()
        descriptor = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                      "digest": f"sha256:{digest}", "size": file.stat().st_size}
        file.rename(self.blobs / digest)
        return descriptor, f"sha256:{archive.hexdigest()}"
