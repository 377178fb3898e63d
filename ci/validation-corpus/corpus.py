"""Builds the corpus, starts its images, validates them, and compares."""
import argparse
import csv
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import verdicts  # noqa: E402
from debian import Packages  # noqa: E402
from images import PLATFORMS, Builder, Image, server  # noqa: E402
from layout import Layout  # noqa: E402
from oracle import TOOLS, Oracle, Outcome, Unavailable, require_containers  # noqa: E402
from table import IMAGES, SHARE  # noqa: E402

RECORDED = HERE / "outcomes.tsv"
MEANS = {"amd64": "containerd and runc", "arm64": "QEMU in a user namespace"}
PROBE = Image("probe", "a static program", [server()], cmd=["/app/server"], snapshotters=("overlayfs", "native"))


def fetch(images, cache: Path) -> dict:
    names = set().union(*(image.packages() for image in images))
    packages = {architecture: Packages(architecture, cache) for architecture in PLATFORMS}
    for one in packages.values():
        one.fetch(names)
    return packages


def unpack_tools(cache: Path, platforms) -> Path:
    """Unpacks what starts images of the platforms below the cache; nothing is installed."""
    packages = Packages("amd64", cache / "tools")
    members = {name: files for platform in platforms for name, files in TOOLS[platform].items()}
    packages.fetch(members)
    root = cache / "tools/root"
    root.mkdir(exist_ok=True)
    for name, files in members.items():
        if any(root.glob(f"**/{Path(files[0]).name}")):
            continue
        content = subprocess.run(["dpkg-deb", "--fsys-tarfile", packages.deb(name)], check=True, capture_output=True)
        subprocess.run(["tar", "--extract", "--directory", root, "--wildcards", *files],
                       input=content.stdout, check=True)
    return root


def recorded() -> dict:
    if not RECORDED.exists():
        return {}
    with RECORDED.open(newline="") as file:
        return {(row[0], row[1]): Outcome(row[2], row[3]) for row in csv.reader(file, delimiter="\t")}


def record(outcomes) -> None:
    """Writes the outcomes of all images that the table has."""
    names = {image.name for image in IMAGES}
    with RECORDED.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        for (name, platform), outcome in sorted(outcomes.items()):
            if name in names:
                writer.writerow([name, platform, outcome.result, outcome.detail])


def observe(images, layout, builder, platforms, options, say):
    """Returns what really starts, from containers where the machine can run them, else as recorded."""
    outcomes = recorded()
    try:
        require_containers()
        with Oracle(unpack_tools(options.cache, platforms), options.work) as oracle:
            oracle.import_images(layout, {image.reference(): image.name for image in (PROBE, *images)})
            for platform in platforms:
                try:
                    oracle.probe(PROBE, builder, platform)
                except Unavailable as problem:
                    say(f"{platform}: recorded outcomes, containers cannot run here: {problem}")
                    continue
                outcomes.update(oracle.start_all(images, builder, platform))
                for image in images:  # unpacking does not depend on the architecture
                    if outcomes[image.name, "amd64"].result == "varies":
                        outcomes[image.name, platform] = outcomes[image.name, "amd64"]
                if options.record:
                    record(outcomes)
                say(f"{platform}: started by {MEANS[platform]}")
    except Unavailable as problem:
        say(f"recorded outcomes, containers cannot run here: {problem}")
    return outcomes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=lambda text: Path(text).resolve(), required=True)
    parser.add_argument("--work", type=lambda text: Path(text).resolve(), required=True)
    parser.add_argument("--cache", type=lambda text: Path(text).resolve(), required=True)
    parser.add_argument("--share", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--recorded", action="store_true")
    parser.add_argument("--list", type=Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    images = [image for image in IMAGES
              if (image.name in SHARE or not options.share) and (not options.names or image.name in options.names)]

    start = time.monotonic()

    def say(text):
        print(f"{text} ({time.monotonic() - start:.0f} s)", flush=True)

    packages = fetch(images, options.cache)
    say("packages are available")
    layout = Layout(options.work / "layout")
    builder = Builder(layout, packages, options.cache / "layers")
    for image in (PROBE, *images):
        builder.build(image)
    layout.write_index()
    say(f"{len(images)} images built for {len(PLATFORMS)} platforms")
    platforms = PLATFORMS[:1] if options.share else PLATFORMS  # the share downloads no emulator
    outcomes = recorded() if options.recorded else observe(images, layout, builder, platforms, options, say)
    failed = verdicts.compare(options.binary, layout, images, outcomes, options.list)
    say("validated")
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
