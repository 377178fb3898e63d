// SPDX-License-Identifier: Apache-2.0

import HTTP
import OCI

@testable import Mirroring

extension FuzzTarget {
    /// References and their parts: a value printed and parsed is the same value.
    static let reference = FuzzTarget("reference") { input throws(Violation) in
        let text = String(decoding: input, as: UTF8.self)
        var result = try parsed(text, Reference.init(parsing:))?.hashValue ?? 0
        result ^= try parsed(text, Repository.init(parsing:))?.hashValue ?? 0
        result ^= try parsed(text, RegistryHost.init(parsing:))?.hashValue ?? 0
        result ^= try parsed(text, Tag.init(parsing:))?.hashValue ?? 0
        result ^= try parsed(text, Digest.init(parsing:))?.hashValue ?? 0
        result ^= try parsed(text, MediaType.init(parsing:))?.hashValue ?? 0
        result ^= try parsed(text, Platform.init(parsing:))?.hashValue ?? 0
        return result
    }

    /// Selections of tags: a regular expression, a version range, and tags, one a line.
    ///
    /// The order of versions is total, and the selection does not depend on the order of the tags.
    static let tagPattern = FuzzTarget("tag-pattern") { input throws(Violation) in
        let lines = input.split(separator: 0x0A, maxSplits: 18, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard lines.count > 2 else { return 0 }
        var pattern = TagPattern(latest: 4)
        do throws(ParseError) {
            _ = try TagExpression(parsing: lines[0])
            pattern.regex = lines[0].isEmpty ? nil : lines[0]
        } catch {
            try requireSafe(error.reason)
        }
        do throws(ParseError) {
            pattern.versions = try VersionRange(parsing: lines[1])
        } catch {
            try requireSafe(error.reason)
        }
        let tags = Set(lines.dropFirst(2).compactMap { try? Tag(parsing: $0) })
        let selected = pattern.select(from: tags)
        try require(
            selected == pattern.select(from: tags.sorted()), "the selection depends on the order")
        try require(selected.count <= 4 && tags.isSuperset(of: selected), "\(selected)")
        let versions = tags.compactMap { SemanticVersion(lenient: $0.name) }
        for first in versions {
            for second in versions {
                let relations = [first < second, second < first, first == second]
                try require(
                    relations.count { $0 } == 1, "\(first) and \(second) are not ordered")
            }
        }
        return selected.hashValue
    }

    /// URLs of registries: a base and a reference, one a line.
    ///
    /// A resolved URL is canonical, without dot segments and with the scheme and characters that a
    /// request line may have.
    static let url = FuzzTarget("url") { input throws(Violation) in
        let lines = input.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        let base: HTTPURL
        do throws(URLError) {
            base = try HTTPURL(parsing: lines[0])
        } catch {
            try requireSafe(error.reason)
            return 0
        }
        try checkURL(base)
        try checkURL(base.adding(query: "scope", lines[0]))
        guard lines.count > 1 else { return base.hashValue }
        return try resolve(lines[1], from: base)
    }

    /// Resolves a reference and checks the result.
    static func resolve(_ reference: String, from base: HTTPURL) throws(Violation) -> Int {
        let resolved: HTTPURL
        do throws(URLError) {
            resolved = try base.resolving(reference)
        } catch {
            try requireSafe(error.reason)
            return 1
        }
        try checkURL(resolved)
        return resolved.hashValue
    }

    /// Checks the properties of every accepted URL.
    static func checkURL(_ url: HTTPURL) throws(Violation) {
        let text = "\(url.origin)\(url.target)"
        try require(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "unsafe URL \(text)")
        try requireSafe(url.description)
        if url.target.utf8.count < 16_000 {
            try require((try? HTTPURL(parsing: text)) == url, "\(text) is not canonical")
        }
        let path = url.target.utf8.prefix { $0 != UInt8(ascii: "?") }
        for segment in path.split(separator: UInt8(ascii: "/")) where segment.count <= 6 {
            let segment = String(decoding: segment, as: UTF8.self).lowercased()
            try require(!dotSegments.contains(segment), "dot segment in \(text)")
        }
    }

    private static let dotSegments: Set = [".", "..", "%2e", "%2e.", ".%2e", "%2e%2e"]

    private static func parsed<Value: Hashable & CustomStringConvertible>(
        _ text: String, _ parse: (String) throws(ParseError) -> Value
    ) throws(Violation) -> Value? {
        let value: Value
        do throws(ParseError) {
            value = try parse(text)
        } catch {
            try requireSafe(error.reason)
            return nil
        }
        try requireSafe(value.description)
        let again: Value
        do throws(ParseError) {
            again = try parse(value.description)
        } catch {
            throw Violation(description: "\(value) from \(text) is not parsed: \(error)")
        }
        try require(again == value, "\(value) from \(text) is parsed as \(again)")
        return value
    }
}
