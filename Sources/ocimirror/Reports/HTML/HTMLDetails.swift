// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Mirroring
internal import OCI
internal import Validation

/// The details of an image: full digests, targets, labels and notes.
struct HTMLDetails {
    let html: HTML

    init(_ row: MatrixRow) {
        let entries = row.outcome.map(Self.entries) ?? []
        html = entries.isEmpty ? "<p>No details available.</p>" : "<dl>\(entries)</dl>"
    }

    private static func entries(_ outcome: ImageOutcome) -> [HTML] {
        var entries: [HTML] = []
        if let descriptor = outcome.descriptor {
            entries.append(entry("Digest", "<code>\(descriptor.digest)</code>"))
            entries.append(entry("Media type", "<code>\(descriptor.mediaType.name)</code>"))
        }
        if outcome.hasMoved, let previous = outcome.previous {
            entries.append(entry("Previous digest", "<code>\(previous)</code>"))
        }
        if let validation = outcome.validation {
            entries.append(entry("Validation", "\(validation.rawValue)"))
        }
        entries += outcome.facts.platforms.map(platform)
        entries += outcome.targets.map(target)
        for label in ImageFacts.Label.allCases {
            guard let text = outcome.facts.labels[label] else { continue }
            entries.append(entry("Label \(label.rawValue)", "\(text)"))
        }
        for finding in outcome.findings where finding.severity == .note {
            entries.append(entry(finding.id.rawValue, "\(finding.message)"))
        }
        return entries
    }

    private static func entry(_ name: String, _ value: HTML) -> HTML {
        "<dt>\(name)</dt><dd>\(value)</dd>\n"
    }

    private static func platform(_ facts: ImageFacts.PlatformFacts) -> HTML {
        let size = facts.downloadSize.map { ", \(ByteCount(bytes: $0))" } ?? ""
        let created = facts.created.map { ", created \($0)" } ?? ""
        return entry("\(facts.platform)", "<code>\(facts.digest)</code>\(size)\(created)")
    }

    private static func target(_ target: ImageTarget) -> HTML {
        guard let receipt = target.receipt else {
            return entry("Target", "<code>\(target.location)</code>")
        }
        let mounted = receipt.blobsMounted > 0 ? "\(receipt.blobsMounted) mounted, " : ""
        let copied =
            "\(ByteCount(bytes: receipt.bytesUploaded)) in "
            + "\(counted(receipt.blobsUploaded, "blob")) uploaded, \(mounted)"
            + "\(receipt.blobsPresent) already present"
        let kept = receipt.retentionTag.map { ", previous digest kept as \($0)" } ?? ""
        return entry("Target", "<code>\(target.location)</code>: \(copied)\(kept)")
    }
}
