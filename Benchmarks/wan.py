# SPDX-License-Identifier: Apache-2.0
"""The proxy that emulates wide area links, and its verification."""

import contextlib
import socket
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass

TOLERANCE = 0.1


@dataclass(frozen=True)
class Link:
    """A link between clients and a server; rates are bytes per second in each direction, 0 is unlimited."""

    milliseconds: float = 0  # of a round trip
    connection_rate: float = 0
    total_rate: float = 0
    setup: float = 0         # additional round trips for each new connection

    @property
    def round_trip(self) -> float:
        return self.milliseconds / 1000

    def minimum_duration(self, size: int, largest: int) -> float:
        """Seconds to transfer `size` bytes, of which `largest` on one connection."""
        return max(size / self.total_rate if self.total_rate else 0,
                   largest / self.connection_rate if self.connection_rate else 0)


class WanProxy:
    """A proxy that emulates a link to a server."""

    def __init__(self, program: str, server_port: int, link: Link):
        self._process = subprocess.Popen([program, str(server_port)], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
        self.port = int(self._read_line())
        self.set_link(link)

    def _read_line(self) -> str:
        if not (line := self._process.stdout.readline()):
            raise SystemExit(f"wan exited with {self._process.wait()}")
        return line

    def set_link(self, link: Link) -> int:
        """Changes the link, and returns the number of connections since the previous call."""
        self.link = link
        print(f"{link.milliseconds:f} {link.connection_rate:f} {link.total_rate:f} {link.setup:f}",
              file=self._process.stdin, flush=True)
        return int(self._read_line().split()[0])

    def new_connections(self) -> int:
        """The number of connections since the previous call."""
        return self.set_link(self.link)

    def stop(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def verify(program: str) -> None:
    """Measures the proxy, and exits if a round trip or a rate exceeds the tolerance."""
    link = Link(40, 8e6, 40e6, 2)
    with StreamServer() as server, contextlib.ExitStack() as cleanup:
        proxy = WanProxy(program, server.port, link)
        cleanup.callback(proxy.stop)
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            expect("first round trip", duration(transfer, client, 0, 1), 3 * link.round_trip)
            round_trips = [duration(transfer, client, 0, 1) for _ in range(9)]
            expect("round trip", statistics.median(round_trips), link.round_trip)
            for upload, download in ((4_000_000, 1), (0, 4_000_000)):
                expect("connection rate", duration(transfer, client, upload, download),
                       link.minimum_duration(4_000_000, 4_000_000) + link.round_trip)
        for upload, download in ((2_000_000, 1), (0, 2_000_000)):
            clients = [socket.create_connection(("127.0.0.1", proxy.port)) for _ in range(10)]
            for client in clients:
                cleanup.callback(client.close)
                transfer(client, 0, 1)
            expect("total rate", duration(transfer_on_all, clients, upload, download),
                   link.minimum_duration(20_000_000, 2_000_000) + link.round_trip)
        if (count := proxy.new_connections()) != 21:
            raise SystemExit(f"wan: {count} connections counted, 21 opened")


def expect(quantity: str, seconds: float, expected: float) -> None:
    if abs(seconds / expected - 1) > TOLERANCE:
        raise SystemExit(f"wan: {quantity}: {seconds:.3f} s, expected {expected:.3f} s")


def duration(function, *arguments) -> float:
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def transfer(client: socket.socket, upload: int, download: int) -> None:
    """Sends and receives the given numbers of bytes on a connection to a `StreamServer`."""
    client.sendall(b"%d %d\n" % (upload, download))
    client.sendall(bytes(upload))
    while download > 0:
        if not (data := client.recv(1 << 16)):
            raise SystemExit("wan: connection closed")
        download -= len(data)


def transfer_on_all(clients: list[socket.socket], upload: int, download: int) -> None:
    threads = [threading.Thread(target=transfer, args=(client, upload, download)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class StreamServer:
    """A server that receives and sends as many bytes as each request line says."""

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    @staticmethod
    def _serve(client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, client.makefile("rb") as requests:
            for line in requests:
                upload, download = map(int, line.split())
                while upload > 0 and (data := requests.read(min(upload, 1 << 16))):
                    upload -= len(data)
                client.sendall(bytes(download))
