// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Lockfiles
internal import Mirroring
internal import OCI
internal import StrictJSON
internal import Validation

/// The result of `check` as text and JSON.
struct CheckDocument {
    let images: [CheckedImage]
    let required: ImageRequirements
    let pulls: [PullUsage]
    let credentials: CredentialFindings
    /// The current day, for the age of images.
    let today: CalendarDay

    /// The exit code, which is 1 if an image was rejected or is missing.
    var exitCode: ExitCode {
        .combining(
            images.map { image in
                if let failure = image.failure { return ExitCode(failure.failureClass) }
                return image.isAccepted ? .success : .negative
            })
    }

    // MARK: Text

    /// Returns the result in a format; as text, it is empty if the console is quiet and nothing needs
    /// attention.
    func text(_ format: CheckFormat, for console: Console) -> String {
        switch format {
        case .text: text(for: console)
        case .junit: CheckFormats.junit(self)
        case .sarif: CheckFormats.sarif(self, version: Program.version).text
        }
    }

    /// Returns the result as text; empty if the console is quiet and nothing needs attention.
    func text(for console: Console) -> String {
        let hasWarnings =
            !credentials.all.isEmpty
            || images.contains { $0.report?.findings.contains { $0.severity >= .warning } ?? false }
        guard console.volume > .quiet || exitCode != .success || hasWarnings else { return "" }
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
        // The full digest gets its own line, so that it can be copied.
        let digest = image.descriptor.map { "  \($0.digest)\n" } ?? ""
        return style.bold(image.name) + "\n" + digest
            + facts(of: image).map { style.dim("  \($0)") + "\n" }.joined() + listing.text
            + Listing.details(details, width: width)
            + Listing.lines([summary(of: image, style)], width: width)
    }

    /// Returns the media type, the referrers and the lock entry, one per line.
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

    private func summary(of image: CheckedImage, _ style: TextStyle) -> Listing.Cell {
        let platforms = required.effectivePlatforms.map(\.description).joined(separator: ", ")
        if let lock = image.lock, image.isAccepted {
            return .labeled(
                "OK:",
                "matches the lock file (\(lock.entry.validation.rawValue)"
                    + Self.unchecked(lock.entry.notChecked) + "); use \(lock.entry.pinned)",
                style.green)
        }
        if image.isAccepted {
            let unchecked = image.platforms.filter { $0.content == .notChecked }.map(\.platform)
            guard unchecked.isEmpty else {
                return .labeled(
                    "OK:", "valid for \(platforms) (config)" + Self.unchecked(unchecked),
                    style.yellow)
            }
            let level = image.report.map { " (\($0.level.rawValue))" } ?? ""
            return .labeled("OK:", "valid for \(platforms)\(level)", style.green)
        }
        let advice =
            image.completeTag.map { "; \($0) has \(allPlatforms); contents not checked" } ?? ""
        let reason: String
        switch image.failure?.failureClass {
        case .missing?: reason = "image not found" + advice
        case nil: reason = "image rejected\(rejectedPlatforms(of: image))" + advice
        case .invalid? where image.lock != nil: reason = "does not match the lock file"
        case .invalid?: reason = "invalid image" + advice
        default: return .labeled("UNKNOWN:", "the check failed", style.yellow)
        }
        return .labeled("FAIL:", reason, style.red)
    }

    /// Returns the platforms with an error, if other required platforms have none.
    private func rejectedPlatforms(of image: CheckedImage) -> String {
        let errors = image.report?.findings.filter { $0.severity == .error } ?? []
        let platforms = Set(errors.compactMap(\.platform))
        guard !platforms.isEmpty, platforms.count < required.effectivePlatforms.count,
            errors.allSatisfy({ $0.platform != nil })
        else { return "" }
        return " for " + platforms.sorted().map(\.description).joined(separator: ", ")
    }

    /// The required platforms, for a suggested tag.
    private var allPlatforms: String {
        let platforms = required.effectivePlatforms
        return switch platforms.count {
        case 1: platforms[0].description
        case 2: "both platforms"
        default: "all \(platforms.count) platforms"
        }
    }

    /// Returns the platforms whose content was not checked in a phrase; empty if there are none.
    private static func unchecked(_ platforms: [Platform]) -> String {
        let names = platforms.map(\.description).joined(separator: ", ")
        return names.isEmpty ? "" : "; content not checked: \(names)"
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
            "valid": .bool(isAccepted),
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
            "suggestions": suggestedTags?.json ?? .null,
            "completeTag": .optional(completeTag.map { $0.name }),
            "lock": lock.map {
                [
                    "id": .string($0.id),
                    "digest": .string($0.entry.digest.description),
                    "validation": .string($0.entry.validation.rawValue),
                    "notChecked": .strings($0.entry.notChecked),
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
    /// Returns the age of the image, or `nil` if its creation date is unknown.
    fileprivate func age(on today: CalendarDay) -> String? {
        guard let created else { return nil }
        switch today.daysSinceEpoch - created.daysSinceEpoch {
        case ..<0: return "created on \(created)"
        case 0: return "created today"
        case 1: return "created yesterday"
        case let days where days < 60: return "created \(days) days ago"
        case let days where days < 730: return "created \(days / 30) months ago"
        case let days: return "created \(days / 365) years ago"
        }
    }
}
