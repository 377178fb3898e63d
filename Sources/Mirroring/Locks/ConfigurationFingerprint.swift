// SPDX-License-Identifier: Apache-2.0

internal import Hashing
public import OCI
internal import StrictJSON

extension MirrorConfiguration {
    /// The hash of everything in the configuration that decides what a lock holds.
    ///
    /// It covers the version, platforms, proof, copy, referrers, prefixes and images, with defaults
    /// filled in and regardless of their order; never registries, credentials or the values of
    /// variables, and never the folder that the configuration lies in. The place of an entry in the
    /// file is left out: it changes nothing in a lock.
    public var inputs: Digest {
        .of(Array(normalised.compactText.utf8))
    }

    private var normalised: JSONValue {
        [
            "version": 1,
            "platforms": .set(platforms),
            "validation": .string(validation.rawValue),
            "copy": .string(copy.rawValue),
            "referrers": .string(referrers.rawValue),
            "prefixes": .set(targets.map(\.writtenPrefix)),
            "images": .array(
                images.map(\.normalised).sorted {
                    $0.compactText.utf8.lexicographicallyPrecedes($1.compactText.utf8)
                }),
        ]
    }
}

extension ImageEntry {
    fileprivate var normalised: JSONValue {
        [
            "source": .string(sourceText),
            "selection": selection.normalised,
            "name": .string(name),
            "id": id.map(JSONValue.string) ?? .null,
            "floating": .bool(floating),
            "requires": .set(requires),
            "validation": .string(validation.rawValue),
            "copy": .string(copy.rawValue),
            "referrers": .string(referrers.rawValue),
            "artifact": .bool(isArtifact),
            "moved": .string(moved.rawValue),
            "exception": exception?.normalised ?? .null,
        ]
    }
}

extension PlatformException {
    fileprivate var normalised: JSONValue {
        [
            "platforms": .set(platforms),
            "reason": .string(reason),
            "until": .optional(until.map { $0.description }),
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
        case .list(let tags): .set(tags)
        case .pattern(let pattern):
            [
                "semver": .optional(pattern.versions.map { $0.text }),
                "regex": pattern.regex.map(JSONValue.string) ?? .null,
                "latest": pattern.latest.map(JSONValue.integer) ?? .null,
            ]
        }
    }
}

extension JSONValue {
    /// The texts of some values whose order has no meaning.
    fileprivate static func set(_ values: some Sequence<some CustomStringConvertible>) -> JSONValue
    {
        .strings(
            values.map { $0.description }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    }
}
