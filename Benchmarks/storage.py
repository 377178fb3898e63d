# SPDX-License-Identifier: Apache-2.0
"""Writes images directly into the storage of a registry, which is faster than thousands of pushes."""

import json
from pathlib import Path

from corpus import INDEX, Corpus, Image, digest_of, encode


class StoredCorpus(Corpus):
    """Images in the file system storage of a docker-registry, which may be running."""

    def __init__(self, port: int, storage: Path):
        super().__init__(port)
        self._root = storage / "docker/registry/v2"

    def add_tag(self, image: Image, tag: str) -> Image:
        """Adds an index with the same platforms and a digest of its own."""
        index = encode({**json.loads(image.index[1]), "annotations": {
            "org.opencontainers.image.version": tag}})
        tagged = Image(image.repository, tag, (digest_of(index), index), image.children, image.blobs)
        self._push_manifest(image.repository, tag, INDEX, index)
        self.images.append(tagged)
        return tagged

    def _write_link(self, repository: str, path: str, digest: str) -> None:
        folder = self._root / "repositories" / repository / path
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "link").write_text(digest)

    def _write_content(self, data: bytes) -> tuple[str, str]:
        """Returns the digest, and the digest as a relative path."""
        digest = digest_of(data)
        algorithm, _, value = digest.partition(":")
        folder = self._root / "blobs" / algorithm / value[:2] / value
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "data").write_bytes(data)
        return digest, f"{algorithm}/{value}"

    def _push_blob(self, repository: str, data: bytes) -> str:
        digest, path = self._write_content(data)
        self._write_link(repository, f"_layers/{path}", digest)
        return digest

    def _mount(self, repository: str, digest: str, origin: str) -> None:
        self._write_link(repository, f"_layers/{digest.replace(':', '/')}", digest)

    def _push_manifest(self, repository: str, name: str, kind: str, data: bytes) -> None:
        digest, path = self._write_content(data)
        self._write_link(repository, f"_manifests/revisions/{path}", digest)
        if name != digest:
            self._write_link(repository, f"_manifests/tags/{name}/current", digest)
            self._write_link(repository, f"_manifests/tags/{name}/index/{path}", digest)
