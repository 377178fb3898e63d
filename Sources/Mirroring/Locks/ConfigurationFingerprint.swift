// SPDX-License-Identifier: Apache-2.0

internal import Hashing
public import OCI
internal import StrictJSON

extension MirrorConfiguration {
    /// The hash of everything in the configuration that affects the content of a lock file.
    ///
    /// It covers the version, platforms, validation, copy, referrers, prefixes and images, with
    /// defaults filled in and regardless of their order. It does not cover registries, credentials,
    /// the values of variables, the directory of the configuration or the order of its entries,
    /// which do not affect a lock file.
    public var inputs: Digest {
        .of(Array(normalized.compactText.utf8))
    }

    private var normalized: JSONValue {
        [
            "version": 1,
            "platforms": .set(platforms),
            "validation": .string(validation.rawValue),
            "copy": .string(copy.rawValue),
            "referrers": .string(referrers.rawValue),
            "prefixes": .set(targets.map(\.writtenPrefix)),
            "images": .array(
                images.map(\.normalized).sorted {
                    $0.compactText.utf8.lexicographicallyPrecedes($1.compactText.utf8)
                }),
        ]
    }
}

extension ImageEntry {
    fileprivate var normalized: JSONValue {
        [
            "source": .string(sourceText),
            "selection": selection.normalized,
            "name": .string(name),
            "id": id.map(JSONValue.string) ?? .null,
            "floating": .bool(floating),
            "requires": .set(requires),
            "validation": .string(validation.rawValue),
            "copy": .string(copy.rawValue),
            "referrers": .string(referrers.rawValue),
            "artifact": .bool(isArtifact),
            "moved": .string(moved.rawValue),
            "exception": exception?.normalized ?? .null,
        ]
    }
}

extension PlatformException {
    fileprivate var normalized: JSONValue {
        [
            "platforms": .set(platforms),
            "reason": .string(reason),
            "until": .optional(until.map { $0.description }),
        ]
    }
}

extension ImageEntry.Selection {
    fileprivate var normalized: JSONValue {
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
    /// Returns a JSON array of values whose order is insignificant, sorted.
    fileprivate static func set(_ values: some Sequence<some CustomStringConvertible>) -> JSONValue
    {
        .strings(
            values.map { $0.description }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    }
}
