// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Mirroring
internal import OCI
internal import StrictJSON
internal import Validation

// Parts that several documents share: findings, failures and suggested tags.

extension Finding {
    /// Returns the line that is shown below the image.
    func detail(_ style: TextStyle) -> Listing.Cell {
        Listing.Cell(text: "\(severity.rawValue): \(label): \(message)", paint: paint(style))
    }

    /// The id, marked if the finding is only likely.
    var label: String { certainty == .likely ? "\(id.rawValue) (likely)" : id.rawValue }

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
            "certainty": .string(certainty.rawValue),
            "platform": .optional(platform.map { $0.description }),
            "layer": layer?.json ?? .null,
            "message": .string(message),
        ]
    }
}

extension Finding.Layer {
    fileprivate var json: JSONValue {
        [
            "digest": .string(digest.description), "position": .integer(position),
            "count": .integer(count), "createdBy": .optional(createdBy),
        ]
    }
}

extension ImageFailure {
    /// Returns the error and the hint as lines.
    func details(_ style: TextStyle) -> [Listing.Cell] {
        [Listing.Cell(text: "error: \(message)", paint: style.red)]
            + (hint.map { [Listing.Cell(text: "hint: \($0)", paint: style.bold)] } ?? [])
    }

    /// The status of an image with this failure.
    var status: ImageOutcome.Status { failureClass == .missing ? .missing : .failed }

    var json: JSONValue {
        [
            "class": .string(failureClass.rawValue),
            "at": .optional(role.map { $0.rawValue }),
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
