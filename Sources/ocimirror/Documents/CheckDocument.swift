// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Mirroring
internal import OCI
internal import StrictJSON
internal import Validation

/// What `check` answers, as text and as JSON.
struct CheckDocument {
    let images: [CheckedImage]
    let required: Requirement

    /// No if any image cannot be used.
    var exitCode: ExitCode {
        .combining(
            images.map { image in
                if let failure = image.failure { return ExitCode(failure.failureClass) }
                return image.isAccepted ? .success : .negative
            })
    }

    func text(for console: Console) -> String {
        let style = console.outputStyle
        return images.map { text(of: $0, style, width: console.width) }.joined(separator: "\n")
    }

    private func text(of image: CheckedImage, _ style: Style, width: Int) -> String {
        var listing = Listing(width: width)
        if let descriptor = image.descriptor {
            listing.add([.init(text: "  kind"), .init(text: descriptor.mediaType.name)])
        }
        if image.attestations > 0 {
            listing.add([.init(text: "  attestations"), .init(text: "\(image.attestations)")])
        }
        for entry in image.report?.platforms ?? [] {
            listing.add([
                .init(text: "  \(entry.platform)"), .init(text: entry.descriptor.digest.short),
            ])
        }
        let details =
            (image.report?.findings.map { $0.detail(style) } ?? [])
            + (image.failure?.details(style) ?? [])
        // Whole, to be copied, and therefore in a line of its own: it fills most of a terminal's.
        let digest = image.descriptor.map { "  \($0.digest)\n" } ?? ""
        return style.bold(image.name) + "\n" + digest + listing.text
            + Listing.details(details, width: width) + verdict(on: image, style) + "\n"
    }

    private func verdict(on image: CheckedImage, _ style: Style) -> String {
        let platforms = required.effectivePlatforms.map(\.description).joined(separator: " and ")
        if image.isAccepted {
            return style.green("yes:") + " usable on \(platforms), proved up to "
                + "'\(image.report?.level.rawValue ?? "")'"
        }
        switch image.failure?.failureClass {
        case .missing?, nil: return style.red("no:") + " do not use it"
        case .invalid?: return style.red("no:") + " it cannot be used safely"
        default: return style.yellow("unknown:") + " could not be found out"
        }
    }

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "check",
            "exitCode": .integer(Int(exitCode.rawValue)),
            "images": .array(images.map(\.json)),
        ]
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
            "proof": .optional(report.map { $0.level.rawValue }),
            "platforms": .array(report?.platforms.map(\.json) ?? []),
            "attestations": .integer(attestations),
            "findings": .array(report?.findings.map(\.json) ?? []),
            "instead": instead?.json ?? .null,
            "failure": failure?.json ?? .null,
        ]
    }
}

extension ValidationReport.PlatformEntry {
    fileprivate var json: JSONValue {
        [
            "platform": .string(platform.description),
            "digest": .string(descriptor.digest.description),
            "size": .integer(descriptor.size),
        ]
    }
}
