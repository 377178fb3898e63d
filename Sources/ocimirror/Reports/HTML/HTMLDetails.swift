// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Mirroring
internal import OCI
internal import Validation

/// What may be asked about an image: whole digests, targets, labels, notes.
struct HTMLDetails {
    let html: HTML

    init(_ row: MatrixRow) {
        let entries = row.outcome.map(Self.entries) ?? []
        html = entries.isEmpty ? "<p>Nothing more is known.</p>" : "<dl>\(entries)</dl>"
    }

    private static func entries(_ outcome: ImageOutcome) -> [HTML] {
        var entries: [HTML] = []
        if let descriptor = outcome.descriptor {
            entries.append(entry("Digest", "<code>\(descriptor.digest)</code>"))
            entries.append(entry("Type", "<code>\(descriptor.mediaType.name)</code>"))
        }
        if outcome.hasMoved, let previous = outcome.previous {
            entries.append(entry("Before", "<code>\(previous)</code>"))
        }
        if let validation = outcome.validation {
            entries.append(entry("Proof", "\(validation.rawValue)"))
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
        let made = facts.created.map { ", made \($0)" } ?? ""
        return entry("\(facts.platform)", "<code>\(facts.digest)</code>\(size)\(made)")
    }

    private static func target(_ target: ImageOutcome.AtTarget) -> HTML {
        guard let receipt = target.receipt else {
            return entry("Target", "<code>\(target.location)</code>")
        }
        let sent =
            "\(ByteCount(bytes: receipt.bytesUploaded)) in "
            + "\(counted(receipt.blobsUploaded, "blob")) sent, \(receipt.blobsMounted) mounted, "
            + "\(receipt.blobsPresent) there already"
        let kept = receipt.retentionTag.map { ", the old digest kept as \($0)" } ?? ""
        return entry("Target", "<code>\(target.location)</code>: \(sent)\(kept)")
    }
}
