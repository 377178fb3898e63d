"""Runs `ocimirror check` and `sync` over the corpus and compares the verdicts with what started."""
import json
import math
import subprocess
from pathlib import Path

from images import PLATFORMS

UNCHECKED = "not-checked"


def run_json(command, directory):
    done = subprocess.run([*map(str, command)], cwd=directory, capture_output=True, text=True)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        words = " ".join(map(str, command[:4]))
        raise SystemExit(f"{words}: exit code {done.returncode}\n{done.stderr[-2000:]}") from None


def check(binary, layout, images, platforms):
    """Returns the result of `check` for each image."""
    results = {}
    by_requirement = {}
    for image in images:
        by_requirement.setdefault(tuple(image.requires), []).append(image)
    for requires, group in by_requirement.items():
        command = [binary, "check", "--json", "--quiet"]
        command += [word for platform in platforms for word in ("--platform", f"linux/{platform}")]
        command += [word for path in requires for word in ("--require", path)]
        command += [f"oci:layout:{image.reference()}" for image in group]
        for image, result in zip(group, run_json(command, layout.directory.parent)["images"], strict=True):
            results[image.name] = result
    return results


def sync(binary, layout, images):
    """Copies the corpus to another layout and returns the result of `sync` for each image."""
    directory = layout.directory.parent
    lines = ["version: 1", "targets:", "  - prefix: oci:./target", "images:"]
    for image in images:
        requires = f", requires: {json.dumps(image.requires)}" if image.requires else ""
        source = json.dumps(f"oci:layout:{image.reference()}")
        lines.append(f"  - {{source: {source}, name: {image.name}, id: {image.name}{requires}}}")
    (directory / "mirror.yaml").write_text("\n".join(lines) + "\n")
    results = run_json([binary, "sync", "--json", "--quiet"], directory)
    return {result["id"]: result for result in results["images"]}


def certainties(result, platform) -> dict:
    """Returns the findings about a platform or the whole image: {certainty: [message]}. What is certain, but rejects
    nothing, such as a wrong media type, is a "warning"."""
    found = {"certain": [], "likely": [], "not-checked": [], "warning": []}
    for finding in result["findings"]:
        is_note = finding["severity"] == "note" and finding["id"] != UNCHECKED
        if finding["platform"] not in (None, f"linux/{platform}") or is_note:
            continue
        is_warning = finding["certainty"] == "certain" and finding["severity"] != "error"
        found["warning" if is_warning else finding["certainty"]].append(f"{finding['id']}: {finding['message']}")
    if result.get("failure"):
        found["certain"].append(f"failure: {result['failure']['message']}")
    return found


TITLES = {
    "unknown": "no outcome is recorded",
    "construction": "the outcome is not the one that the table expects",
    "rejected": "wrongly rejected: started, but has a certain finding",
    "accepted": "wrongly accepted: failed, but has no finding",
    "uncertain": "failed, with only likely or not-checked findings",
    "misleading": "started, with likely findings",
    "varying": "depends on the snapshotter, but has a certain finding or none",
    "sync": "check and sync differ",
}


def disagreement(outcome, found: dict) -> str | None:
    """Returns the kind of difference between an outcome and the findings of a platform."""
    if outcome.result == "started":
        return "rejected" if found["certain"] else "misleading" if found["likely"] else None
    if outcome.result == "failed":
        return None if found["certain"] else "uncertain" if any(found.values()) else "accepted"
    return "varying" if found["certain"] or not any(found.values()) else None


def compare(binary: Path, layout, images, outcomes, listing: Path | None) -> bool:
    """Prints the counts and the disagreements; returns whether a count is above its limit."""
    by_platform = {platform: check(binary, layout, images, [platform]) for platform in PLATFORMS}
    whole, copied = check(binary, layout, images, PLATFORMS), sync(binary, layout, images)
    kinds = {kind: [] for kind in TITLES}
    counts = dict.fromkeys(("started", "failed", "varies"), 0)
    for image in images:
        for platform in PLATFORMS:
            outcome = outcomes.get((image.name, platform))
            if outcome is None:
                kinds["unknown"].append(f"`{image.name}` {platform}")
                continue
            counts[outcome.result] += 1
            found = certainties(by_platform[platform][image.name], platform)
            findings = "; ".join(f"{certainty}: {text}" for certainty, texts in found.items() for text in texts)
            row = (f"`{image.name}` {platform}: {image.why}. Outcome: {outcome.result}, {outcome.detail}. "
                   f"ocimirror: {findings or 'no finding'}")
            if outcome.result != image.expected(platform):
                kinds["construction"].append(row)
            if kind := disagreement(outcome, found):
                kinds[kind].append(row)
        valid, status = whole[image.name]["valid"], copied[image.name]["status"]
        if valid != (status in ("mirrored", "validated", "unchanged", "repaired")):
            kinds["sync"].append(f"`{image.name}` check: {'valid' if valid else 'not valid'}, sync: {status}")
    limits = {"uncertain": math.ceil(counts["failed"] * 0.10), "misleading": math.ceil(counts["started"] * 0.02)}
    real = sum(image.real for image in images)
    print(f"{len(images)} images, {real} with entrypoints or services of Debian packages; of their "
          f"{sum(counts.values())} platforms {counts['started']} started, {counts['failed']} failed, "
          f"{counts['varies']} depend on the snapshotter")
    exceeded = {kind for kind, rows in kinds.items() if len(rows) > limits.get(kind, 0)}
    for kind, rows in kinds.items():
        limit = f" (at most {limits[kind]})" if kind in limits else ""
        print(f"  {'✗' if kind in exceeded else '✓'} {TITLES[kind]}: {len(rows)}{limit}")
    sections = [f"## {TITLES[kind]}: {len(rows)}\n\n" + "".join(f"- {row}\n" for row in rows)
                for kind, rows in kinds.items() if rows and (listing or kind in exceeded)]
    if listing:
        listing.write_text("\n".join(sections))
    else:
        print("", *sections, sep="\n")
    return bool(exceeded)
