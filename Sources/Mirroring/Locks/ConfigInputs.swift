// SPDX-License-Identifier: Apache-2.0

internal import Hashing
public import OCI
internal import StrictJSON

extension MirrorConfig {
    /// The hash of everything in the configuration that decides what a lock holds.
    ///
    /// It covers the version, platforms, proof, copy, prefixes and images after normalisation,
    /// never registries, credentials or the values of variables.
    public var inputs: Digest {
        .of(Array(normalised.compactText.utf8))
    }

    private var normalised: JSONValue {
        [
            "version": 1,
            "platforms": .strings(platforms),
            "proof": .string(proof.rawValue),
            "copy": .string(copy.rawValue),
            "prefixes": .strings(targets.map(\.prefix)),
            "images": .array(images.map(\.normalised)),
        ]
    }
}

extension ImageEntry {
    fileprivate var normalised: JSONValue {
        let source: String =
            switch source {
            case .repository(let repository): repository.description
            case .layout(let directory): "oci:\(directory)"
            }
        return [
            "source": .string(source),
            "selection": selection.normalised,
            "name": .string(name),
            "id": id.map(JSONValue.string) ?? .null,
            "requires": .strings(requires),
            "proof": .string(proof.rawValue),
            "copy": .string(copy.rawValue),
            "artifact": .bool(isArtifact),
            "exception": exception.map { .strings($0.platforms) } ?? .null,
        ]
    }
}

extension ImageEntry.Selection {
    fileprivate var normalised: JSONValue {
        switch self {
        case .one(let tag, let digest):
            [
                "tag": .optional(tag.map { $0.name }),
                "digest": .optional(digest.map { $0.description }),
            ]
        case .list(let tags): .strings(tags)
        case .pattern(let pattern):
            [
                "semver": .optional(pattern.versions.map { $0.text }),
                "regex": pattern.regex.map(JSONValue.string) ?? .null,
                "latest": pattern.latest.map(JSONValue.integer) ?? .null,
            ]
        }
    }
}
