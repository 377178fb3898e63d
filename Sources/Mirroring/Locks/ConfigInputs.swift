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
        .object([
            .init("version", .integer(1)),
            .init("platforms", .strings(platforms)),
            .init("proof", .string(proof.rawValue)),
            .init("copy", .string(copy.rawValue)),
            .init("prefixes", .strings(targets.map(\.prefix))),
            .init("images", .array(images.map(\.normalised))),
        ])
    }
}

extension ImageEntry {
    fileprivate var normalised: JSONValue {
        let source: String =
            switch source {
            case .repository(let repository): repository.description
            case .layout(let directory): "oci:\(directory)"
            }
        return .object([
            .init("source", .string(source)),
            .init("selection", selection.normalised),
            .init("name", .string(name)),
            .init("id", id.map(JSONValue.string) ?? .null),
            .init("requires", .strings(requires)),
            .init("proof", .string(proof.rawValue)),
            .init("copy", .string(copy.rawValue)),
            .init("artifact", .bool(isArtifact)),
            .init("exception", exception.map { .strings($0.platforms) } ?? .null),
        ])
    }
}

extension ImageEntry.Selection {
    fileprivate var normalised: JSONValue {
        switch self {
        case .one(let tag, let digest):
            .object([
                .init("tag", tag.map { .string($0.name) } ?? .null),
                .init("digest", digest.map { .string($0.description) } ?? .null),
            ])
        case .list(let tags): .strings(tags)
        case .pattern(let pattern):
            .object([
                .init("semver", pattern.versions.map { .string($0.text) } ?? .null),
                .init("regex", pattern.regex.map(JSONValue.string) ?? .null),
                .init("latest", pattern.latest.map(JSONValue.integer) ?? .null),
            ])
        }
    }
}

extension JSONValue {
    fileprivate static func strings(_ values: [some CustomStringConvertible]) -> JSONValue {
        .array(values.map { .string($0.description) })
    }
}
