// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Lockfiles
internal import Mirroring
internal import OCI
internal import StrictJSON
internal import Validation

/// What `check` answers, as text and as JSON.
struct CheckDocument {
    let images: [CheckedImage]
    let required: ImageRequirements
    let pulls: [PullUsage]
    let credentials: CredentialFindings
    /// The day from which ages are counted.
    let today: CalendarDay

    /// No if any image cannot be used.
    var exitCode: ExitCode {
        .combining(
            images.map { image in
                if let failure = image.failure { return ExitCode(failure.failureClass) }
                return image.isAccepted ? .success : .negative
            })
    }

    // MARK: Text

    func text(for console: Console) -> String {
        let style = console.outputStyle
        let texts = images.map { text(of: $0, style, width: console.width) }
        let counts = pulls.map { style.dim($0.line) + "\n" }.joined()
        let end = credentials.text(for: console) + counts
        return texts.joined(separator: "\n") + (end.isEmpty ? "" : "\n" + end)
    }

    private func text(of image: CheckedImage, _ style: TextStyle, width: Int) -> String {
        var listing = Listing(width: width)
        for platform in image.platforms { listing.add(cells(of: platform, style)) }
        let details =
            (image.report?.findings.map { $0.detail(style) } ?? [])
            + (image.failure?.details(style) ?? [])
        // Whole, to be copied, and therefore in a line of its own: it fills most of a terminal's.
        let digest = image.descriptor.map { "  \($0.digest)\n" } ?? ""
        return style.bold(image.name) + "\n" + digest
            + facts(of: image).map { style.dim("  \($0)") + "\n" }.joined() + listing.text
            + Listing.details(details, width: width) + verdict(on: image, style) + "\n"
    }

    /// What it is, and what refers to it, in short lines.
    private func facts(of image: CheckedImage) -> [String] {
        var lines = [image.descriptor.map { $0.mediaType.name }].compactMap(\.self)
        var others = image.attachments?.map { $0.count > 1 ? "\($0.count) x \($0.kind)" : $0.kind }
        if image.attestations > 0 {
            others = [counted(image.attestations, "attestation")] + (others ?? [])
        }
        if let others, !others.isEmpty { lines.append("with \(others.joined(separator: ", "))") }
        if let lock = image.lock { lines.append("locked as \(lock.id)") }
        return lines
    }

    private func cells(
        of platform: CheckedImage.PlatformImage, _ style: TextStyle
    ) -> [Listing.Cell] {
        let levels = [(ValidationLevel.config, platform.config), (.content, platform.content)]
        let verdicts = levels.map { level, verdict in
            Listing.Cell(
                text: verdict.map { "\(level.rawValue) \($0.rawValue)" } ?? "",
                paint: verdict?.paint(style) ?? { $0 })
        }
        return [
            .init(text: "  \(platform.platform)"), .init(text: platform.descriptor.digest.short),
            .init(text: "\(ByteCount(bytes: platform.downloadSize))"),
        ] + verdicts + [.init(text: platform.age(on: today) ?? "", paint: style.dim)]
    }

    private func verdict(on image: CheckedImage, _ style: TextStyle) -> String {
        let platforms = required.effectivePlatforms.map(\.description).joined(separator: " and ")
        if let lock = image.lock, image.isAccepted {
            return style.green("yes:")
                + " as locked, validated up to '\(lock.entry.validation.rawValue)'; "
                + "use \(lock.entry.pinned)"
        }
        if image.isAccepted {
            return style.green("yes:") + " usable on \(platforms), validated up to "
                + "'\(image.report?.level.rawValue ?? "")'"
        }
        let advice = image.completeTag.map { "; \($0) lists \(platforms)" } ?? ""
        switch image.failure?.failureClass {
        case .missing?, nil: return style.red("no:") + " do not use it" + advice
        case .invalid? where image.lock != nil:
            return style.red("no:") + " it is not what the lock says"
        case .invalid?: return style.red("no:") + " it cannot be used safely" + advice
        default: return style.yellow("unknown:") + " could not be found out"
        }
    }

    // MARK: JSON

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "check",
            "exitCode": .integer(Int(exitCode.rawValue)),
            "images": .array(images.map(\.json)),
            "findings": credentials.json,
            "pulls": .array(pulls.map(\.json)),
        ]
    }
}

extension PlatformVerdict {
    fileprivate func paint(_ style: TextStyle) -> (String) -> String {
        switch self {
        case .ok: style.green
        case .rejected: style.red
        case .notChecked: style.yellow
        }
    }
}

extension CheckedImage {
    fileprivate var json: JSONValue {
        [
            "name": .string(name),
            "usable": .bool(isAccepted),
            "digest": .optional(descriptor.map { $0.digest.description }),
            "mediaType": .optional(descriptor.map { $0.mediaType.name }),
            "size": descriptor.map { .integer($0.size) } ?? .null,
            "validation": .optional(report.map { $0.level.rawValue }),
            "platforms": .array(platforms.map { json(of: $0) }),
            "attestations": .integer(attestations),
            "attachments": attachments.map {
                .array($0.map { ["kind": .string($0.kind), "count": .integer($0.count)] })
            } ?? .null,
            "findings": .array(report?.findings.map(\.json) ?? []),
            "instead": suggestedTags?.json ?? .null,
            "complete": .optional(completeTag.map { $0.name }),
            "lock": lock.map {
                [
                    "id": .string($0.id),
                    "digest": .string($0.entry.digest.description),
                    "validation": .string($0.entry.validation.rawValue),
                    "pinned": .string($0.entry.pinned.description),
                ]
            } ?? .null,
            "failure": failure?.json ?? .null,
        ]
    }

    private func json(of platform: PlatformImage) -> JSONValue {
        [
            "platform": .string(platform.platform.description),
            "digest": .string(platform.descriptor.digest.description),
            "size": .integer(platform.descriptor.size),
            "downloadSize": .integer(platform.downloadSize),
            "created": .optional(platform.created.map { $0.description }),
            "config": .optional(platform.config?.rawValue),
            "content": .optional(platform.content?.rawValue),
        ]
    }
}

extension CheckedImage.PlatformImage {
    /// How long ago it was made, where it says so.
    fileprivate func age(on today: CalendarDay) -> String? {
        guard let created else { return nil }
        switch today.daysSinceEpoch - created.daysSinceEpoch {
        case ..<0: return "made on \(created)"
        case 0: return "made today"
        case 1: return "made yesterday"
        case let days where days < 60: return "made \(days) days ago"
        case let days where days < 730: return "made \(days / 30) months ago"
        case let days: return "made \(days / 365) years ago"
        }
    }
}
