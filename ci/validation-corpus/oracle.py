"""What really starts: containerd and runc for amd64, QEMU in a user namespace for arm64."""
import concurrent.futures
import io
import json
import os
import platform as machine
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import layout as formats

HERE = Path(__file__).resolve().parent
TOOLS = {  # by package, the files that start images of a platform
    "amd64": {"containerd": ["*/bin/containerd", "*/bin/containerd-shim-runc-v2", "*/bin/ctr"], "runc": ["*/sbin/runc"],
              "libseccomp2": ["*/libseccomp.so.2*"]},
    "arm64": {"qemu-user-static": ["*/bin/qemu-aarch64-static"]},
}
DEADLINE = {"amd64": 15, "arm64": 60}  # seconds after which a running container counts as started


@dataclass
class Outcome:
    result: str  # "started", "failed", or "varies" between containerd's snapshotters
    detail: str


class Unavailable(Exception):
    """The machine cannot start containers."""


def require_containers() -> None:
    """Throws where this machine certainly cannot start the containers."""
    if os.geteuid() != 0:
        raise Unavailable("containers need root")
    if machine.machine() != "x86_64":
        raise Unavailable("the machine is not amd64")


class Oracle:
    """A containerd with its own socket and directories, below a temporary directory."""

    def __init__(self, tools: Path, work: Path):
        self.tools = tools
        self.work = work
        self.address = f"/tmp/ocimirror-corpus-{os.getpid()}.sock"
        self.daemon = None
        self.environment = {**os.environ, "PATH": f"{tools}/usr/bin:{tools}/usr/sbin:{os.environ['PATH']}",
                            "LD_LIBRARY_PATH": ":".join(map(str, tools.glob("usr/lib/*-linux-gnu")))}
        self._snapshots = 0

    def __enter__(self):
        config = self.work / "containerd.toml"
        disabled = ("grpc.v1.cri", "internal.v1.opt", "internal.v1.restart", "internal.v1.tracing",
            "tracing.processor.v1.otlp",
                    *(f"snapshotter.v1.{name}" for name in ("aufs", "btrfs", "devmapper", "zfs")))
        config.write_text(f'''version = 2
root = "{self.work}/root"
state = "{self.work}/state"
disabled_plugins = {json.dumps([f"io.containerd.{name}" for name in disabled])}
[grpc]
  address = "{self.address}"
[ttrpc]
  address = "{self.address}.ttrpc"
''')
        log = open(self.work / "containerd.log", "w")
        self.daemon = subprocess.Popen(["containerd", "--config", config], env=self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while self._ctr("version").returncode != 0:
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise Unavailable("containerd does not start: " + (self.work / "containerd.log").read_text()[-300:])
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        if self.daemon:
            for container in self._ctr("tasks", "list", "--quiet").stdout.split():  # of an interrupted run
                self._ctr("tasks", "delete", "--force", container)
            self.daemon.terminate()
            self.daemon.wait()
        for name in (self.address, f"{self.address}.ttrpc"):
            Path(name).unlink(missing_ok=True)

    def _ctr(self, *words, **more):
        command = ["ctr", "--address", self.address, *map(str, words)]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, errors="replace",
            stdin=subprocess.DEVNULL, **more)

    def import_images(self, layout: formats.Layout, names: dict) -> None:
        """Imports the tags {reference: name} of a layout in one archive; an image that cannot be read stays away."""
        manifests = [{**layout.roots[reference],
            "annotations": {"io.containerd.image.name": f"corpus.invalid/{name}:1"}}
                     for reference, name in names.items()]
        archive = self.work / "import.tar"
        with tarfile.open(archive, "w") as tar:
            tar.add(layout.directory / "blobs", "blobs")
            for path, text in (("oci-layout", '{"imageLayoutVersion":"1.0.0"}'),
                               ("index.json", json.dumps({"schemaVersion": 2, "manifests": manifests}))):
                info = tarfile.TarInfo(path)
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))
        done = self._ctr("images", "import", "--no-unpack", "--all-platforms", archive)
        archive.unlink()
        if done.returncode != 0:
            raise SystemExit(f"ctr images import: {done.stderr[-500:]}")

    def start(self, image, platform: str, settings: dict) -> Outcome:
        """Starts an amd64 image on every snapshotter that its row names, an arm64 image on overlayfs."""
        if platform == "arm64":
            return self._start_emulated(image, settings)
        outcomes = {snapshotter: self._start_natively(image, snapshotter) for snapshotter in image.snapshotters}
        first = outcomes[image.snapshotters[0]]
        if len({outcome.result for outcome in outcomes.values()}) == 1:
            return first
        return Outcome("varies",
            "; ".join(f"{snapshotter}: {outcome.result}, {outcome.detail}" for snapshotter,
            outcome in outcomes.items()))

    def _start_natively(self, image, snapshotter) -> Outcome:
        container = f"{snapshotter}-{image.name}"
        process = subprocess.Popen(
            ["ctr", "--address", self.address, "run", "--rm", "--snapshotter", snapshotter, "--platform", "linux/amd64",
             f"corpus.invalid/{image.name}:1", container, *image.run],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                errors="replace")
        was_running = False
        while True:
            try:
                output, _ = process.communicate(timeout=DEADLINE["amd64"])
                return outcome(process.returncode, output)
            except subprocess.TimeoutExpired:
                if was_running:
                    self._ctr("tasks", "kill", "--signal", "SIGKILL", container)
                    process.communicate()
                    return Outcome("started", "still running at the deadline")
                was_running = f"{container} " in self._ctr("tasks", "list").stdout  # before that, it is unpacked

    def _start_emulated(self, image, settings) -> Outcome:
        reference = f"corpus.invalid/{image.name}:1"
        root = Path(tempfile.mkdtemp(dir=self.work, prefix="root-"))
        mounted = self._ctr("images", "mount", "--rw", "--platform", "linux/arm64",
            reference, root)
        if mounted.returncode != 0:
            root.rmdir()
            return outcome(mounted.returncode, mounted.stderr)
        words = [*(settings.get("Entrypoint") or []), *(image.run or settings.get("Cmd") or [])]
        request = {"words": words, "env": settings.get("Env", []), "cwd": settings.get("WorkingDir", ""),
            "user": settings.get("User", "")}
        command = [sys.executable, HERE / "emulation.py", root, self.tools / "usr/bin/qemu-aarch64-static",
            json.dumps(request)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)
        try:
            output, _ = process.communicate(timeout=DEADLINE["arm64"])
            if process.returncode == 125 and b"cannot emulate" in output:
                raise Unavailable(output.decode(errors="replace").strip())
            return outcome(process.returncode, output.decode(errors="replace"))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            return Outcome("started", "still running at the deadline")
        finally:
            self._ctr("images", "unmount", "--rm", root)

    def probe(self, image, builder, platform: str) -> None:
        """Throws unless an image that cannot fail starts."""
        outcome = self.start(image, platform, builder.settings(image, platform))
        if outcome.result != "started":
            raise Unavailable(outcome.detail)

    def start_all(self, images, builder, platform: str) -> dict:
        """Returns {(name, platform): outcome}; four containers run at a time."""
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            tasks = {(image.name, platform): pool.submit(self.start, image, platform,
                builder.settings(image, platform)) for image in images}
            return {key: task.result() for key, task in tasks.items()}


def outcome(status: int, output: str) -> Outcome:
    lines = [line for line in output.strip().splitlines() if line.strip()]
    last = "".join(letter if letter.isprintable() and letter.isascii() else "?" for letter in (lines or [""])[-1])
    last = re.sub(r"\S*/root/io\.containerd\.\S*", "FILE", last)
    return Outcome("started" if status == 0 else "failed", f"exit code {status}: {last.strip()[-160:]}")
