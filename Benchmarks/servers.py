# SPDX-License-Identifier: Apache-2.0
"""Registries on loopback, and reverse proxies in front of them."""

import contextlib
import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections import Counter
from pathlib import Path

LINE = re.compile(r'"([A-Z]+) (\S+) HTTP/[\d.]+" (\d+) (\d+)')


class AccessLog:
    """The access log of a server."""

    def __init__(self, file: Path):
        self._file = file
        self._mark = 0

    def mark(self) -> None:
        """Starts a new list of requests."""
        self._mark = self._file.stat().st_size

    def requests(self) -> list[tuple[str, str, int, int]]:
        """Method, path, status and bytes of each request since the mark."""
        with open(self._file, "rb") as log:
            log.seek(self._mark)
            text = log.read().decode(errors="replace")
        return [(m, p, int(s), int(b)) for m, p, s, b in LINE.findall(text)]


class Registry(AccessLog):
    """Debian's docker-registry on a port of the system's choice, with its access log."""

    def __init__(self, folder: Path, storage: Path, *,
                 tls: tuple[Path, Path] | None = None):
        super().__init__(folder / "access.log")
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

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        self._access.close()
        self._errors.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Nginx(AccessLog):
    """An nginx in front of a registry."""

    def __init__(self, folder: Path, port: int, directives: str, *, options: str = "", zone: str = ""):
        """Starts nginx with the options of its socket, and directives for its server and for `http`."""
        super().__init__(folder / "access.log")
        self.folder = folder
        folder.mkdir(parents=True)
        listener = socket.create_server(("127.0.0.1", 0), backlog=511)
        self.port = listener.getsockname()[1]
        paths = " ".join(f"{kind}_temp_path {folder / kind};" for kind in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (folder / "nginx.conf").write_text(f"""
daemon off; pid nginx.pid; worker_processes 1; {"user root;" if os.geteuid() == 0 else ""}
events {{ worker_connections 1024; }}
http {{
    log_format requests '"$request" $status $body_bytes_sent';
    access_log {folder / "access.log"} requests;
    {paths}
    {zone}
    client_max_body_size 0;
    upstream registry {{ server 127.0.0.1:{port}; keepalive 64; }}
    server {{
        listen 127.0.0.1:{self.port} {options};
        {directives}
        keepalive_requests 1000000;
        proxy_http_version 1.1;
        proxy_buffering off;
        proxy_request_buffering off;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-Proto $scheme;
        location / {{ proxy_pass http://registry; }}
    }}
}}
""")
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        if not program:
            raise SystemExit("nginx is missing; ci/setup installs it")
        # Inheriting the socket avoids a race for the port and a wait for the start.
        self.process = subprocess.Popen(
            [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")],
            pass_fds=[listener.fileno()], env={**os.environ, "NGINX": f"{listener.fileno()};"})
        listener.close()

    @classmethod
    def rate_limited(cls, folder: Path, port: int, rate: int, burst: int) -> "Nginx":
        """An nginx that responds 429 above a rate of requests per second."""
        return cls(folder, port, f"limit_req zone=requests burst={burst} nodelay; limit_req_status 429;",
                   zone=f"limit_req_zone $server_port zone=requests:1m rate={rate}r/s;")

    @classmethod
    def with_tls(cls, folder: Path, port: int, tls: tuple[Path, Path], *, is_http2: bool) -> "Nginx":
        """An nginx with TLS."""
        return cls(folder, port, f"ssl_certificate {tls[0]}; ssl_certificate_key {tls[1]};",
                   options="ssl http2" if is_http2 else "ssl")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
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


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
         "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", str(paths[1]), "-out", str(paths[0])],
        check=True, capture_output=True)
    return paths
