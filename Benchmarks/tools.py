# SPDX-License-Identifier: Apache-2.0
"""The mirrors that are compared, each as a command over the same images and servers."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from corpus import Corpus


@dataclass(frozen=True)
class Cost:
    """What one run took."""

    wall: float
    cpu: float
    peak_kib: int
    status: int


@dataclass(frozen=True)
class Route:
    """Where images come from and go to; ports as a tool sees them."""

    source: int
    targets: tuple[int, ...]
    certificate: Path | None = None

    @property
    def is_tls(self) -> bool:
        return self.certificate is not None


def measured(command: list[str], folder: Path, said: Path, stdin: Path | None = None) -> Cost:
    """Runs a command; GNU time stands between, as memory of this process would be counted else."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8",
                   "DOCKER_CONFIG": str(folder / "docker"), "XDG_RUNTIME_DIR": str(folder)}
    memory = folder / "peak"
    with open(said, "wb") as output, open(stdin or os.devnull, "rb") as given:
        start = time.perf_counter()
        process = subprocess.Popen(
            ["/usr/bin/time", "--quiet", "--format=%M", f"--output={memory}", *command],
            cwd=folder, env=environment, stdin=given, stdout=output, stderr=subprocess.STDOUT)
        _, state, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(state)
    return Cost(wall, usage.ru_utime + usage.ru_stime,
                int(memory.read_text().split()[-1]), process.returncode)


class Tool:
    """One way to mirror a corpus; a fresh folder each time the targets are empty."""

    name = ""

    def __init__(self, program: str):
        self.program = program

    def prepare(self, folder: Path, corpus: Corpus, route: Route) -> None:
        """Writes what the tool wants to read."""

    def command(self, folder: Path, corpus: Corpus, route: Route) -> list[str]:
        raise NotImplementedError

    def standard_input(self, folder: Path) -> Path | None:
        return None

    def run(self, folder: Path, corpus: Corpus, route: Route) -> Cost:
        said = folder / "said"
        cost = measured(self.command(folder, corpus, route), folder, said,
                        self.standard_input(folder))
        if cost.status != 0:
            raise SystemExit(f"{self.name} failed with {cost.status}:\n"
                             + said.read_text(errors="replace")[-2000:])
        return cost


class Ocimirror(Tool):
    name = "ocimirror"
    validation = "config"

    def prepare(self, folder, corpus, route):
        hosts = {f"localhost:{port}" for port in (route.source, *route.targets)}
        trust = f"{{caFile: {route.certificate}}}" if route.is_tls else "{plainHTTP: true}"
        lines = ["version: 1", f"validation: {self.validation}", "referrers: none", "targets:"]
        lines += [f"  - {{prefix: 'localhost:{port}/mirror', lock: lock-{n}.yaml}}"
                  for n, port in enumerate(route.targets)]
        lines += ["registries:"] + [f"  '{host}': {trust}" for host in sorted(hosts)]
        lines += ["images:"]
        for image in corpus.images:
            name = image.repository.split("/")[-1]
            identity = re.sub("[^a-z0-9]", "-", f"{name}-{image.tag}")
            lines.append(f"  - {{source: 'localhost:{route.source}/{image.repository}:{image.tag}',"
                         f" name: {name}, id: {identity}}}")
        (folder / "mirror.yaml").write_text("\n".join(lines) + "\n")

    def command(self, folder, corpus, route):
        return [self.program, "sync", "--quiet"]


class Skopeo(Tool):
    def __init__(self, program: str, name: str):
        super().__init__(program)
        self.name = name

    def prepare(self, folder, corpus, route):
        repositories: dict[str, list[str]] = {}
        for image in corpus.images:
            repositories.setdefault(image.repository, []).append(image.tag)
        lines = [f"localhost:{route.source}:", f"  tls-verify: {str(route.is_tls).lower()}"]
        if route.is_tls:
            folder_of_trust = folder / "trust"
            folder_of_trust.mkdir(exist_ok=True)
            shutil.copy(route.certificate, folder_of_trust / "ca.crt")
            lines.append(f"  cert-dir: {folder_of_trust}")
        lines.append("  images:")
        for repository, tags in repositories.items():
            lines.append(f"    {repository}: [{', '.join(repr(tag) for tag in tags)}]")
        (folder / "sync.yaml").write_text("\n".join(lines) + "\n")

    def command(self, folder, corpus, route):
        trust = ([f"--dest-cert-dir={folder / 'trust'}"] if route.is_tls
                 else ["--dest-tls-verify=false"])
        return [self.program, "--insecure-policy", "sync", "--all", "--src", "yaml", "--dest",
                "docker", *trust, "sync.yaml", f"localhost:{route.targets[0]}/mirror"]


class Content(Ocimirror):
    """The same with validation of the layer content."""

    name = "ocimirror, content"
    validation = "content"


class OcimirrorWithJobs(Ocimirror):
    """ocimirror with a maximum number of concurrent blob transfers."""

    def __init__(self, program: str, jobs: int):
        super().__init__(program)
        self.name = f"ocimirror, {jobs} jobs"
        self.jobs = jobs

    def command(self, folder, corpus, route):
        return [*super().command(folder, corpus, route), f"--jobs={self.jobs}"]


class Crane(Tool):
    name = "crane"

    def prepare(self, folder, corpus, route):
        lines = ["set -euo pipefail"]
        for image in corpus.images:
            name = image.repository.split("/")[-1]
            lines.append(f"{self.program} copy --insecure --jobs 8 "
                         f"localhost:{route.source}/{image.repository}:{image.tag} "
                         f"localhost:{route.targets[0]}/mirror/{name}:{image.tag}")
        (folder / "crane.sh").write_text("\n".join(lines) + "\n")

    def command(self, folder, corpus, route):
        return ["bash", "crane.sh"]


class Regsync(Tool):
    name = "regsync"

    def prepare(self, folder, corpus, route):
        lines = ["version: 1", "creds:"]
        for port in (route.source, route.targets[0]):
            lines += [f"  - registry: localhost:{port}", "    tls: disabled"]
        lines += ["defaults:", "  parallel: 4", "sync:"]
        for image in corpus.images:
            name = image.repository.split("/")[-1]
            lines += [f"  - source: localhost:{route.source}/{image.repository}:{image.tag}",
                      f"    target: localhost:{route.targets[0]}/mirror/{name}:{image.tag}",
                      "    type: image"]
        (folder / "regsync.yaml").write_text("\n".join(lines) + "\n")

    def command(self, folder, corpus, route):
        return [self.program, "once", "--config", "regsync.yaml"]


class Floor(Tool):
    name = "floor"

    def prepare(self, folder, corpus, route):
        (folder / "plan").write_text(corpus.plan())

    def standard_input(self, folder):
        return folder / "plan"

    def command(self, folder, corpus, route):
        return [self.program, str(route.source), str(route.targets[0]), "4"]


class Curl(Tool):
    """One blob, piped from download into upload; only for the corpus of a single large blob."""

    name = "curl"

    def prepare(self, folder, corpus, route):
        blob = max(corpus.images[0].blobs.values(), key=lambda blob: blob.size)
        scheme = "https" if route.is_tls else "http"
        trust = f"--cacert {route.certificate}" if route.is_tls else ""
        source = f"{scheme}://localhost:{route.source}/v2/{corpus.images[0].repository}"
        target = f"{scheme}://localhost:{route.targets[0]}/v2/mirror/large"
        (folder / "pipe").write_text(f"""set -euo pipefail
curl="curl --silent --show-error --fail --http1.1 --no-buffer {trust}"
place=$($curl --request POST --dump-header - --output /dev/null {target}/blobs/uploads/ |
    tr -d '\\r' | sed -n 's/^[Ll]ocation: //p')
$curl {source}/blobs/{blob.digest} | $curl --request PUT --upload-file - \\
    --header 'Content-Length: {blob.size}' --header 'Transfer-Encoding:' \\
    --header 'Expect:' --header 'Content-Type: application/octet-stream' \\
    "$place&digest={blob.digest}"
""")

    def command(self, folder, corpus, route):
        return ["bash", "pipe"]


def compiled(name: str, folder: Path, *libraries: str) -> str:
    """Compiles a C program of this directory."""
    program = folder / name
    source = Path(__file__).with_name(f"{name}.c")
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-o", str(program), str(source), *libraries], check=True)
    return str(program)


def found(work: Path, ocimirror: str) -> dict[str, Tool]:
    """Every tool that is on the PATH; each skopeo is named after its version.

    Of the rivals only Debian's skopeo is installed by this project. The first one found stands under
    "skopeo".
    """
    tools: dict[str, Tool] = {"floor": Floor(compiled("floor", work, "-lcrypto", "-lpthread")),
                              "ocimirror": Ocimirror(ocimirror),
                              "content": Content(ocimirror)}
    versions: dict[str, str] = {}
    for folder in os.get_exec_path():
        program = os.path.join(folder, "skopeo")
        if os.access(program, os.X_OK):
            said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
            versions.setdefault("skopeo " + said.stdout.split()[2], program)
    for number, (name, program) in enumerate(versions.items()):
        tools["skopeo" if number == 0 else name] = Skopeo(program, name)
    for kind in (Crane, Regsync):
        if program := shutil.which(kind.name):
            tools[kind.name] = kind(program)
    return tools


def fresh_folder(work: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=work))
