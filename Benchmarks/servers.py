# SPDX-License-Identifier: Apache-2.0
"""Real registries on loopback, and what stands between them and their clients."""

import asyncio
import contextlib
import http.client
import re
import shutil
import ssl
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

LINE = re.compile(r'"([A-Z]+) (\S+) HTTP/[\d.]+" (\d+) (\d+)')


class Registry:
    """Debian's docker-registry on a port of the system's choice, with its access log."""

    def __init__(self, folder: Path, storage: Path, *,
                 tls: tuple[Path, Path] | None = None):
        self.folder = folder
        folder.mkdir(parents=True)
        self.storage = storage
        certificate = (f"\n  tls: {{certificate: {tls[0]}, key: {tls[1]}}}" if tls else "")
        (folder / "config.yml").write_text(
            f"version: 0.1\nlog: {{level: info}}\nstorage:\n"
            f"  filesystem: {{rootdirectory: {storage}}}\n"
            f"  delete: {{enabled: true}}\n"
            f"http:\n  addr: 127.0.0.1:0\n  secret: only-for-this-run{certificate}\n")
        self._access = open(folder / "access.log", "wb")
        self._errors = open(folder / "server.log", "wb")
        self.process = subprocess.Popen(
            ["docker-registry", "serve", str(folder / "config.yml")],
            stdout=self._access, stderr=self._errors)
        self.port = self._port()
        self._mark = 0

    def _port(self) -> int:
        for _ in range(200):
            found = re.search(r"listening on 127\.0\.0\.1:(\d+)",
                              (self.folder / "server.log").read_text(errors="replace"))
            if found:
                return int(found[1])
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise SystemExit("docker-registry did not start: "
                         + (self.folder / "server.log").read_text(errors="replace")[-400:])

    def mark(self) -> None:
        """Counts requests from here on."""
        self._mark = (self.folder / "access.log").stat().st_size

    def requests(self) -> list[tuple[str, str, int, int]]:
        """Method, path, status and bytes of each request since the mark."""
        with open(self.folder / "access.log", "rb") as log:
            log.seek(self._mark)
            text = log.read().decode(errors="replace")
        return [(m, p, int(s), int(b)) for m, p, s, b in LINE.findall(text)]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        self._access.close()
        self._errors.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def request_class(method: str, path: str) -> str:
    """The kind of a request, in the words of the distribution specification."""
    path, _, query = path.partition("?")
    if path in ("/v2/", "/v2"):
        return "ping"
    if "/blobs/uploads/" in path:
        if method == "POST":
            return "mount" if "mount=" in query else "upload POST"
        return f"upload {method}"
    kind = "blob" if "/blobs/" in path else "manifest" if "/manifests/" in path else "other"
    return f"{kind} {method}"


def by_class(requests) -> Counter:
    return Counter(request_class(method, path) for method, path, _, _ in requests)


def blob_bytes(requests) -> int:
    """The bytes of content that a registry sent."""
    return sum(size for method, path, _, size in requests
               if method == "GET" and "/blobs/" in path)


def digest_at(port: int, repository: str, tag: str, trust: ssl.SSLContext | None = None):
    """The digest that a tag points to."""
    connection = (http.client.HTTPSConnection("127.0.0.1", port, context=trust) if trust
                  else http.client.HTTPConnection("127.0.0.1", port))
    with contextlib.closing(connection):
        connection.request("HEAD", f"/v2/{repository}/manifests/{tag}", headers={
            "Accept": "application/vnd.oci.image.index.v1+json"})
        answer = connection.getresponse()
        answer.read()
        return answer.getheader("Docker-Content-Digest") if answer.status == 200 else None


class Distance:
    """Puts a server far away: every byte in either direction arrives some time after it was sent."""

    def __init__(self, port: int):
        self._upstream = port
        self.milliseconds = 0.0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    async def _serve(self, reader, writer) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))

    async def _carry(self, reader, writer) -> None:
        """Bytes are delayed, not slowed: the next ones are read meanwhile."""
        on_their_way: asyncio.Queue = asyncio.Queue()

        async def deliver() -> None:
            while (item := await on_their_way.get()) is not None:
                due, data = item
                await asyncio.sleep(max(0, due - self._loop.time()))
                writer.write(data)
                await writer.drain()
            with contextlib.suppress(OSError):
                writer.write_eof()

        delivery = asyncio.ensure_future(deliver())
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 18):
                on_their_way.put_nowait((self._loop.time() + self.milliseconds / 2000, data))
        on_their_way.put_nowait(None)
        with contextlib.suppress(ConnectionError):
            await delivery

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
         "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", str(paths[1]), "-out", str(paths[0])],
        check=True, capture_output=True)
    return paths
