// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Mirroring
internal import OCI
internal import StrictJSON
internal import Validation

// What several documents show alike: findings, failures, and what to use instead.

extension Finding {
    /// A line below the image that it is about.
    func detail(_ style: TextStyle) -> Listing.Cell {
        Listing.Cell(text: "\(severity.rawValue): \(id.rawValue): \(message)", paint: paint(style))
    }

    private func paint(_ style: TextStyle) -> (String) -> String {
        switch severity {
        case .note: style.dim
        case .warning: style.yellow
        case .error: style.red
        }
    }

    var json: JSONValue {
        [
            "id": .string(id.rawValue),
            "severity": .string(severity.rawValue),
            "platform": .optional(platform.map { $0.description }),
            "message": .string(message),
        ]
    }
}

extension ImageFailure {
    /// The line that says why, and the one that says what to do next.
    func details(_ style: TextStyle) -> [Listing.Cell] {
        [Listing.Cell(text: "error: \(message)", paint: style.red)]
            + (hint.map { [Listing.Cell(text: "hint: \($0)", paint: style.bold)] } ?? [])
    }

    /// The word for what became of an image that there is nothing of.
    var verdict: ImageOutcome.Status { failureClass == .missing ? .missing : .failed }

    var json: JSONValue {
        [
            "class": .string(failureClass.rawValue),
            "side": .optional(role.map { $0.rawValue }),
            "message": .string(message),
            "hint": hint.map(JSONValue.string) ?? .null,
        ]
    }
}

extension NearestTags {
    var json: JSONValue {
        [
            "nearest": .array(nearest.map { .string($0.name) }),
            "newestRelease": .optional(newestRelease.map { $0.name }),
        ]
    }
}
