# SPDX-License-Identifier: Apache-2.0
"""Images like those of a real nightly mirror, the same ones for the same seed."""

import gzip
import hashlib
import http.client
import io
import json
import random
import struct
import tarfile
from dataclasses import dataclass, field

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
IN_TOTO = "application/vnd.in-toto+json"
ARCHITECTURES = ("amd64", "arm64")


@dataclass(frozen=True)
class Blob:
    """What a layer or configuration is made of; its bytes are made when they are needed."""

    digest: str
    size: int
    diff_id: str = ""


@dataclass
class Image:
    """An index, what it names, and in which repository it lies."""

    repository: str
    tag: str
    index: tuple[str, bytes] = ("", b"")
    children: list[tuple[str, bytes]] = field(default_factory=list)
    blobs: dict[str, Blob] = field(default_factory=dict)


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def noise(seed: str, size: int) -> bytes:
    """Incompressible bytes, made in pieces that the generator can make."""
    chance, step = random.Random(seed), 1 << 26
    return b"".join(chance.randbytes(min(step, size - at)) for at in range(0, size, step))


MACHINES = {"amd64": 62, "arm64": 183}


def program(machine: int) -> bytes:
    """The headers of a static program that does nothing."""
    header = struct.pack("<4sBBBB8xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 0, 2, machine, 1,
                         0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 120, 120, 0x1000)


def layer_bytes(seed: str, size: int) -> tuple[bytes, str]:
    """A gzip layer with a program for the platform and a file of incompressible bytes, and the digest
    of the tar inside."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for machine in (number for name, number in MACHINES.items() if name in seed.split()):
            entry = tarfile.TarInfo("app")
            entry.mode, entry.size = 0o755, 120
            archive.addfile(entry, io.BytesIO(program(machine)))
        entry = tarfile.TarInfo(f"data/{digest_of(seed.encode())[7:19]}")
        entry.size = size
        archive.addfile(entry, io.BytesIO(noise(seed, size)))
    plain = tar.getvalue()
    return gzip.compress(plain, compresslevel=0, mtime=0), digest_of(plain)


def encode(document: dict) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def descriptor(kind: str, data: bytes | Blob, **further) -> dict:
    if isinstance(data, Blob):
        return {"mediaType": kind, "digest": data.digest, "size": data.size, **further}
    return {"mediaType": kind, "digest": digest_of(data), "size": len(data), **further}


class Corpus:
    """Images that lie in a registry already."""

    def __init__(self, port: int):
        self.port = port
        self.images: list[Image] = []
        self._layers: dict[tuple[str, int], Blob] = {}
        self._homes: dict[str, str] = {}
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    # What is asked of a registry

    def _request(self, method, path, body=b"", headers=None, expected=201) -> dict:
        self._connection.request(method, path, body=body, headers=headers or {})
        answer = self._connection.getresponse()
        said = answer.read()
        if answer.status != expected:
            raise SystemExit(f"{method} {path}: {answer.status} {said[:200]!r}")
        return dict(answer.getheaders())

    def _push_blob(self, repository: str, data: bytes) -> str:
        digest = digest_of(data)
        path = f"/v2/{repository}/blobs/uploads/"
        place = self._request("POST", path, expected=202)["Location"]
        place = place[place.index("/v2/"):]
        self._request(
            "PUT", f"{place}{'&' if '?' in place else '?'}digest={digest}", data,
            {"Content-Type": "application/octet-stream"})
        return digest

    def _mount(self, repository: str, digest: str, origin: str) -> None:
        self._request("POST", f"/v2/{repository}/blobs/uploads/?mount={digest}&from={origin}")

    def _push_manifest(self, repository: str, name: str, kind: str, data: bytes) -> None:
        self._request(
            "PUT", f"/v2/{repository}/manifests/{name}", data, {"Content-Type": kind})

    # How images are made

    def _layer(self, image: Image, seed: str, size: int) -> Blob:
        """A layer of the image; one that an earlier image has is mounted from there."""
        key = (seed, size)
        known = self._layers.get(key)
        if known is None:
            data, diff_id = layer_bytes(seed, size)
            known = Blob(self._push_blob(image.repository, data), len(data), diff_id)
            self._layers[key] = known
            self._homes[known.digest] = image.repository
        elif known.digest not in image.blobs and self._homes[known.digest] != image.repository:
            self._mount(image.repository, known.digest, self._homes[known.digest])
        image.blobs[known.digest] = known
        return known

    def _manifest(self, image: Image, config: dict, layers: list[Blob]) -> dict:
        data = encode(config)
        self._push_blob(image.repository, data)
        image.blobs[digest_of(data)] = Blob(digest_of(data), len(data))
        manifest = encode({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, data),
            "layers": [descriptor(LAYER, layer) for layer in layers]})
        return self._child(image, manifest)

    def _child(self, image: Image, manifest: bytes) -> dict:
        entry = descriptor(MANIFEST, manifest)
        self._push_manifest(image.repository, entry["digest"], MANIFEST, manifest)
        image.children.append((entry["digest"], manifest))
        return entry

    def _attestation(self, image: Image, of: dict) -> dict:
        statement = encode({"_type": "https://in-toto.io/Statement/v0.1", "of": of["digest"]})
        config = encode({"architecture": "unknown", "os": "unknown", "of": of["digest"]})
        for data in (statement, config):
            self._push_blob(image.repository, data)
            image.blobs[digest_of(data)] = Blob(digest_of(data), len(data))
        entry = self._child(image, encode({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, config),
            "layers": [descriptor(IN_TOTO, statement)]}))
        return {**entry, "platform": {"architecture": "unknown", "os": "unknown"},
                "annotations": {"vnd.docker.reference.type": "attestation-manifest",
                                "vnd.docker.reference.digest": of["digest"]}}

    def add(self, repository: str, tag: str, layers, attested: bool = False) -> Image:
        """Makes an image of two platforms; `layers(architecture)` gives seeds and sizes."""
        image = Image(repository, tag)
        entries, attestations = [], []
        for architecture in ARCHITECTURES:
            blobs = [self._layer(image, seed, size) for seed, size in layers(architecture)]
            entry = self._manifest(image, {
                "architecture": architecture, "os": "linux", "config": {"Cmd": ["/app"]},
                "created": "2026-01-01T00:00:00Z", "author": f"{repository}:{tag}",
                "rootfs": {"type": "layers", "diff_ids": [b.diff_id for b in blobs]}}, blobs)
            entries.append(
                {**entry, "platform": {"architecture": architecture, "os": "linux"}})
            if attested:
                attestations.append(self._attestation(image, entry))
        index = encode({
            "schemaVersion": 2, "mediaType": INDEX, "manifests": entries + attestations})
        self._push_manifest(repository, tag, INDEX, index)
        image.index = (digest_of(index), index)
        self.images.append(image)
        return image

    def add_small(self, repository: str, tag: str, seed: str) -> Image:
        """Adds an image with one layer of 1 KiB for each platform."""
        return self.add(repository, tag, lambda a: [(f"{seed} {a}", 1024)])

    # Whole corpora

    @classmethod
    def nightly(cls, port: int, scale: float) -> "Corpus":
        """Thirty images of 24 repositories; bases are shared, a third has attestations."""
        corpus = cls(port)
        chance = random.Random("nightly")
        bases = {name: [int(mib * scale * (1 << 20)) for mib in sizes] for name, sizes in {
            "debian": (48, 12), "alpine": (3.4,), "ubi": (78, 7), "distroless": (1.2, 0.3)}.items()}
        for number in range(30):
            base = chance.choice(sorted(bases))
            # Sizes spread evenly over their order of magnitude, from 1 KiB to 100 MiB.
            own = [int(1024 * (100 * 1024) ** (chance.random() ** 1.6))
                   for _ in range(chance.randint(3, 8))]
            seeds = [(f"{base} {{0}} {i}", size) for i, size in enumerate(bases[base])]
            seeds += [(f"own {number} {{0}} {i}", max(1024, int(size * scale)))
                      for i, size in enumerate(own)]
            corpus.add(
                f"bench/app-{number % 24}", f"1.{number}",
                lambda a, seeds=seeds: [(seed.format(a), size) for seed, size in seeds],
                attested=number % 3 == 0)
        return corpus

    @classmethod
    def many(cls, port: int, count: int) -> "Corpus":
        """So many small images, twelve blobs each."""
        corpus = cls(port)
        for number in range(count):
            corpus.add(
                f"many/app-{number}", "1.0",
                lambda a, n=number: [(f"many {n} {a} {i}", 1024 + 997 * i) for i in range(5)])
        return corpus

    @classmethod
    def single(cls, port: int, size: int) -> "Corpus":
        """One image whose amd64 side has one blob of that size."""
        corpus = cls(port)
        corpus.add("bench/large", "1.0",
                   lambda a: [(f"large {a}", size if a == "amd64" else 1024)])
        return corpus

    def change_one_layer(self) -> Image:
        """Publishes the first image again under its tag, with another last layer on each platform."""
        image = self.images[0]
        first = image.blobs
        config = {a: self._config_of(image, a) for a in ARCHITECTURES}
        kept = {a: [b for b in first.values() if b.diff_id in config[a][:-1]]
                for a in ARCHITECTURES}
        changed = Image(image.repository, image.tag)
        entries = []
        for architecture in ARCHITECTURES:
            for blob in kept[architecture]:
                changed.blobs[blob.digest] = blob
            blobs = kept[architecture] + [self._layer(changed, f"changed {architecture}", 1 << 20)]
            entry = self._manifest(changed, {
                "architecture": architecture, "os": "linux", "config": {"Cmd": ["/app"]},
                "created": "2026-02-01T00:00:00Z",
                "rootfs": {"type": "layers", "diff_ids": [b.diff_id for b in blobs]}}, blobs)
            entries.append({**entry, "platform": {"architecture": architecture, "os": "linux"}})
        index = encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})
        self._push_manifest(image.repository, image.tag, INDEX, index)
        changed.index = (digest_of(index), index)
        self.images[0] = changed
        return changed

    def _config_of(self, image: Image, architecture: str) -> list[str]:
        """The diff_ids of a platform's layers, from its configuration."""
        entries = json.loads(image.index[1])["manifests"]
        child = entries[ARCHITECTURES.index(architecture)]["digest"]
        config = json.loads(dict(image.children)[child])["config"]["digest"]
        self._connection.request("GET", f"/v2/{image.repository}/blobs/{config}")
        return json.loads(self._connection.getresponse().read())["rootfs"]["diff_ids"]

    # What a mirror of it has to do

    @property
    def unique_bytes(self) -> int:
        return sum({d: b.size for i in self.images for d, b in i.blobs.items()}.values())

    @property
    def unique_blobs(self) -> int:
        return len({d for i in self.images for d in i.blobs})

    @property
    def largest_blob(self) -> int:
        return max(b.size for i in self.images for b in i.blobs.values())

    @property
    def extent(self) -> dict:
        return {"images": len(self.images), "blobs": self.unique_blobs, "bytes": self.unique_bytes}

    def plan(self, prefix: str = "mirror") -> str:
        """Every request of a copy with nothing superfluous, for `floor`."""
        blobs, mounts, children, indexes = [], [], [], []
        homes: dict[str, str] = {}
        there: set[tuple[str, str]] = set()
        for image in self.images:
            target = f"{prefix}/{image.repository.split('/')[-1]}"
            for blob in image.blobs.values():
                if (target, blob.digest) in there:
                    continue
                there.add((target, blob.digest))
                if blob.digest in homes:
                    mounts.append(f"mount {blob.digest} {homes[blob.digest]} {target}")
                else:
                    homes[blob.digest] = target
                    blobs.append((blob.size, f"blob {blob.digest} {blob.size} "
                                             f"{image.repository} {target}"))
            children += [f"copy {image.repository} {d} {target} {d} {MANIFEST}"
                         for d, _ in image.children]
            indexes.append(f"copy {image.repository} {image.index[0]} {target} {image.tag} {INDEX}")
        ordered = [line for _, line in sorted(blobs, key=lambda pair: -pair[0])]
        return "\n-\n".join("\n".join(part) for part in (ordered, mounts, children, indexes)
                            if part) + "\n"
