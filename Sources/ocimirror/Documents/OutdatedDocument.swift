// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Mirroring
internal import OCI
internal import StrictJSON

/// The result of `outdated` as text and JSON.
struct OutdatedDocument {
    let images: [OutdatedImage]
    /// The entries whose tags could not be selected.
    let problems: [Plan.Problem]
    /// A Boolean value that indicates whether a newer version leads to exit code 1.
    let isCheck: Bool
    var credentials = CredentialFindings()

    var exitCode: ExitCode {
        let failures = problems.map(\.failure) + images.compactMap(\.failure)
        let isNegative = isCheck && images.contains(where: \.isOutdated)
        return .combining(
            failures.map { ExitCode($0.failureClass) } + (isNegative ? [.negative] : []))
    }

    func text(for console: Console) -> String {
        let style = console.outputStyle
        var listing = Listing(width: console.width)
        for image in images {
            let id = Listing.Cell(text: image.image.id, paint: style.bold)
            switch image.result {
            case .compared(let tags) where !tags.isEmpty:
                let versions = NewerTags.Level.allCases.compactMap { level in
                    tags.newest[level].map { "\($0) (\(level.rawValue))" }
                }
                listing.add([
                    id, .init(text: image.image.tag?.name ?? ""),
                    .init(text: versions.joined(separator: ", "), paint: style.green),
                ])
            case .compared: continue
            case .notCompared(let reason):
                listing.add([
                    id, .init(text: "not compared", paint: style.dim),
                    .init(text: reason, paint: style.dim),
                ])
            case .failed(let failure):
                listing.add(
                    [id, .init(text: failure.status.rawValue, paint: style.red)],
                    details: failure.details(style))
            }
        }
        for problem in problems {
            listing.add(
                [
                    .init(text: problem.entry.name, paint: style.bold),
                    .init(text: problem.failure.status.rawValue, paint: style.red),
                ],
                details: problem.failure.details(style))
        }
        let list = listing.text
        return list + (list.isEmpty ? "" : "\n") + credentials.text(for: console) + summary + "\n"
    }

    private var summary: String {
        let outdated = images.count(where: \.isOutdated)
        let current = images.count {
            if case .compared(let tags) = $0.result { tags.isEmpty } else { false }
        }
        var parts = ["\(counted(outdated, "image")) with a newer version", "\(current) up to date"]
        let others = images.count - outdated - current
        if others > 0 { parts.append("\(others) not compared") }
        return parts.joined(separator: ", ")
    }

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "outdated",
            "exitCode": .integer(Int(exitCode.rawValue)),
            "findings": credentials.json,
            "images": .array(images.map(\.json)),
            "problems": .array(
                problems.map {
                    ["name": .string($0.entry.name), "failure": $0.failure.json]
                }),
        ]
    }
}

extension OutdatedImage {
    fileprivate var failure: ImageFailure? {
        if case .failed(let failure) = result { failure } else { nil }
    }

    fileprivate var json: JSONValue {
        let status =
            switch result {
            case .compared: isOutdated ? "outdated" : "current"
            case .notCompared: "not-compared"
            case .failed(let failure): failure.status.rawValue
            }
        var newer: [NewerTags.Level: Tag] = [:]
        if case .compared(let tags) = result { newer = tags.newest }
        var reason: String?
        if case .notCompared(let text) = result { reason = text }
        return [
            "id": .string(image.id),
            "source": .string(image.sourceText),
            "tag": .optional(image.tag?.name),
            "status": .string(status),
            "patch": .optional(newer[.patch]?.name),
            "minor": .optional(newer[.minor]?.name),
            "major": .optional(newer[.major]?.name),
            "reason": .optional(reason),
            "failure": failure?.json ?? .null,
        ]
    }
}
