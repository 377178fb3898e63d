#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pins a generated repository and counts what is missed, touched wrongly and reported falsely.

Usage: pins.py OCIMIRROR [FILES]

Each file has references in many shapes, and places at which a digest does not belong, between
sections of other values. The generator knows the bytes after pinning, so that every difference is an
error of the program.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from values import IMAGES, PREFIX, REGISTRY, VALUES, WORDS, digest, lock

TAG = "v1.2.3"

# A shape: its lines, in which NAME is an image and DIGEST is nothing before and a digest after pinning.
# Lines after '+' are only in the pinned file, lines after '-' only in the other.
PINNED = {
    "reference": "image: REF@",
    "quoted reference": "image: \"REF@\"",
    "flow pair": "image: {repository: REPO, tag: \"TAG@\"}",
    "pair": "image:\n  repository: REPO\n  tag: TAG@",
    "digest key": "image:\n  repository: REPO\n  tag: TAG\n-  digest: \"\"\n+  digest: \"DIGEST\"",
    "registry": "image:\n  registry: REGISTRY\n  repository: PATH\n  tag: TAG@",
    "siblings": "webImage: REPO\nwebTag: TAG@",
    "option": "args:\n  - --web-image=REF@",
    "option and value": "args:\n  - --web-image\n  - REF@",
    "variable": "env:\n  - name: RELATED_IMAGE_WEB\n    value: REF@",
    "text": "config: |\n  kind: Pod\n  spec:\n    image: REF@",
    "list": "images:\n  - REF@",
    "parameters": "parameters:\n  - name: web.image.repository\n    value: REPO\n"
                  "  - name: web.image.tag\n    value: TAG@",
    "directive": "overlay:\n  image:\n    tag: TAG@ # ocimirror: NAME",
    "choices": "image:\n  options:\n    - REF@",
    "variable default": "image: ${WEB:-REF@}",
    "assignment": "environment:\n  - WEB_IMAGE=REF@",
    "set values": "setValues:\n  web.image.repository: REPO\n  web.image.tag: TAG@",
    "name": "webImageName: REPO\nwebImageTag: TAG@",
    "name and registry": "cache:\n  registry: REGISTRY\n  name: PATH\n  tag: TAG@",
    "service": "services:\n  - REF@",
    "annotation": "annotations:\n  sidecar.istio.io/proxyImage: REF@",
    "directive of a mapping": "overlay:\n  image: # ocimirror: NAME\n    tag: TAG@",
}
LISTED = {
    "script": "run: docker run REF true",
    "overlay": "web:\n  image:\n    tag: TAG",
    "unknown key": "runtime: REF",
    "sibling overlay": "webTag: TAG",
    "registry around": "web:\n  registry: REGISTRY\n  image:\n    repository: PATH\n    tag: TAG",
    "registry beside": "job:\n  registry: REGISTRY\n  image: PATH:TAG",
    "quoted JSON": "spec: '{\"image\": \"REF\"}'",
    "annotation": "annotations:\n  example.com/image: REF",
    "assignment": "script:\n  - export WEB_IMAGE=REF",
}
UNTOUCHED = {
    "label": "labels:\n  image: REF",
    "annotation": "annotations:\n  org.opencontainers.image.base.name: REF",
    "exceptions": "exemptImages:\n  - REF",
    "destination": "args:\n  - --destination=REF",
    "description": "image:\n  description: REF",
    "digest": "parameters:\n  - name: image.digest.other\n    value: sha256:0000",
    "picture": "image: logo.png",
    "skipped mapping": "image: # ocimirror: skip\n  repository: REPO\n  tag: TAG",
    "pipeline": "steps: []\nvariables: {}\ndescription: |\n  image: REF",
    "message": "message: REF",
    "machine": "machine:\n  image: REF",
    "cache": "build:\n  cache_from:\n    - REF",
    "version": "chart:\n  version: 1.2.3\n  repository: https://charts.example.com",
}


class File:
    """A file before and after pinning, and the number of its references of each kind."""

    def __init__(self, seed: int):
        self.chance = random.Random(seed)
        self.before: list[str] = []
        self.after: list[str] = []
        self.counts: Counter[str] = Counter()

    def add(self, kind: str, shapes: dict[str, str], indent: str) -> None:
        name, text = f"app{self.chance.randrange(IMAGES)}", self.chance.choice(list(shapes.values()))
        self.counts[kind] += 1
        full = f"sha256:{digest(name, 'tonight')}"
        for line in text.split("\n"):
            mark, line = (line[0], line[1:]) if line[0] in "+-" and line[1] == " " else ("", line)
            line = (line.replace("PATH", f"{PREFIX}/{name}").replace("REGISTRY", REGISTRY)
                    .replace("REPO", f"{REGISTRY}/{PREFIX}/{name}")
                    .replace("REF", f"{REGISTRY}/{PREFIX}/{name}:{TAG}").replace("TAG", TAG)
                    .replace("NAME", name))
            if mark != "+":
                self.before.append(indent + line.replace("@", ""))
            if mark != "-":
                self.after.append(indent + line.replace("@", f"@{full}").replace("DIGEST", full))

    def text(self, lines: int) -> tuple[str, str]:
        while len(self.before) < lines:
            section = f"part{len(self.before)}"
            for output in (self.before, self.after):
                output.append(f"{section}:")
            draw = self.chance.random()
            # A second reference in a section could repeat its keys.
            if draw < 0.4:
                self.add("pinned", PINNED, "  ")
            elif draw < 0.5:
                self.add("listed", LISTED, "  ")
            elif draw < 0.7:
                self.add("untouched", UNTOUCHED, "  ")
            for number in range(self.chance.randint(2, 9)):
                line = f"  {self.chance.choice(WORDS)}{number}: {self.chance.choice(VALUES)}"
                self.before.append(line)
                self.after.append(line)
        return "\n".join(self.before) + "\n", "\n".join(self.after) + "\n"


def run(*command: str) -> tuple[dict, float, int]:
    """The JSON document, the time in seconds, and the peak memory of the command in KiB."""
    with tempfile.TemporaryFile() as output:
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
        # `getrusage` would return the maximum of all children.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        elapsed = time.monotonic() - start
        output.seek(0)
        return json.load(output), elapsed, usage.ru_maxrss


def main() -> None:
    program, count = os.path.abspath(sys.argv[1]), int((sys.argv + ["4000"])[2])
    folder = Path(tempfile.mkdtemp(prefix="ocimirror-pins-"))
    try:
        (folder / "images.lock.yaml").write_text(lock("tonight"))
        expected: dict[Path, str] = {}
        counts: Counter[str] = Counter()
        for number in range(count):
            file = File(number)
            path = folder / f"team{number % 40}" / f"values-{number}.yaml"
            path.parent.mkdir(exist_ok=True)
            before, expected[path] = file.text(40 + number % 200)
            # Every tenth file has CRLF, every twelfth a byte order mark.
            if number % 10 == 0:
                before = before.replace("\n", "\r\n")
                expected[path] = expected[path].replace("\n", "\r\n")
            if number % 12 == 0:
                before, expected[path] = "\ufeff" + before, "\ufeff" + expected[path]
            path.write_bytes(before.encode())
            counts += file.counts
        os.chdir(folder)
        document, elapsed, memory = run(program, "pin", "--json", ".")
        sites = [site for file in document["files"] for site in file["sites"]]
        status = Counter(site["status"] for site in sites)
        wrong = [path for path, text in expected.items() if path.read_bytes() != text.encode()]
        again, _, _ = run(program, "pin", "--json", ".")
        findings, lint_time, lint_memory = run(program, "lint", "--json", ".")
        complaints = Counter(
            finding["code"] for file in findings["files"] for finding in file["findings"]
            if finding["severity"] != "note")
        missed = [counts["pinned"] - status["changed"], counts["listed"] - status["unpinnable"]]
        changed = sum(file["changed"] for file in again["files"])
        print(f"files            {count}, {sum(len(t) for t in expected.values()) / 1e6:.1f} MB")
        print(f"references       {counts['pinned']} to pin, {counts['listed']} to list, "
              f"{counts['untouched']} not to touch")
        print(f"found            {len(sites)}: {dict(sorted(status.items()))}")
        print(f"missed           {missed[0]} of {counts['pinned']} to pin, "
              f"{missed[1]} of {counts['listed']} to list")
        print(f"wrong bytes      {len(wrong)} files {[str(path) for path in wrong[:3]]}")
        print(f"second run       {changed} files changed")
        print(f"false complaints {sum(complaints.values())} {dict(complaints)}")
        print(f"pin              {elapsed:.1f} s, {memory / 1024:.0f} MiB")
        print(f"lint             {lint_time:.1f} s, {lint_memory / 1024:.0f} MiB")
        if wrong or any(missed) or changed or complaints:
            sys.exit(1)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
