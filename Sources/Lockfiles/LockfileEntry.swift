// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import TextSafety
internal import YAML

/// A mapping of the lock, read field by field.
struct LockfileEntry {
    let node: YAMLNode
    let entries: [YAMLNode.Entry]

    init(_ node: YAMLNode) throws(LockfileError) {
        guard let entries = node.entries else {
            throw LockfileError(at: node.mark, "a mapping belongs here")
        }
        var keys: Set<String> = []
        for entry in entries {
            guard let key = entry.key.text else {
                throw LockfileError(at: entry.key.mark, "a key must be text")
            }
            guard keys.insert(key).inserted else {
                throw LockfileError(
                    at: entry.key.mark, "'\(UntrustedText(key).display(limit: 200))' stands twice")
            }
        }
        self.node = node
        self.entries = entries
    }

    subscript(key: String) -> YAMLNode? { node[key] }

    func failure(_ key: String, _ message: String) -> LockfileError {
        LockfileError(at: node[key]?.mark ?? node.mark, message)
    }

    func required(_ key: String) throws(LockfileError) -> YAMLNode {
        guard let value = node[key] else {
            throw LockfileError(at: node.mark, "'\(key)' is missing; run sync to write it anew")
        }
        return value
    }

    func text(_ key: String) throws(LockfileError) -> String {
        let value = try required(key)
        guard let text = value.text, !text.isEmpty else {
            throw LockfileError(at: value.mark, "'\(key)' must be text")
        }
        return text
    }

    /// Reads text that people are shown: a lock may come from anybody who proposes a change.
    func shownText(_ key: String) throws(LockfileError) -> String {
        let text = try text(key)
        guard text.unicodeScalars.allSatisfy(\.isSafeToShow) else {
            throw failure(key, "'\(key)' holds characters that cannot be shown; run sync anew")
        }
        return text
    }

    /// Reads a number that a size may be; greater ones are not the same to every reader.
    func integer(_ key: String) throws(LockfileError) -> Int {
        guard let number = Int(try text(key)), (0...Descriptor.maximumSize).contains(number) else {
            throw failure(key, "'\(key)' must be a number from 0 to 2^53")
        }
        return number
    }

    func texts(_ key: String) throws(LockfileError) -> [String] {
        guard let value = node[key] else { return [] }
        guard let items = value.items, case let texts = items.compactMap(\.text),
            texts.count == items.count,
            texts.allSatisfy({ $0.unicodeScalars.allSatisfy(\.isSafeToShow) })
        else { throw failure(key, "'\(key)' must be a list of texts that can be shown") }
        return texts
    }

    func parse<Noun>(
        _ key: String, _ parser: (String) throws(ParseError) -> Noun
    ) throws(LockfileError) -> Noun {
        let text = try text(key)
        do {
            return try parser(text)
        } catch {
            throw failure(key, error.description)
        }
    }

    func validation(_ key: String) throws(LockfileError) -> ValidationLevel {
        guard let level = ValidationLevel(rawValue: try text(key)) else {
            throw failure(key, "'\(key)' is none of index, config and content")
        }
        return level
    }

    func platforms() throws(LockfileError) -> [Platform: LockedImage.PlatformPin] {
        var platforms: [Platform: LockedImage.PlatformPin] = [:]
        for entry in try LockfileEntry(required("platforms")).entries {
            let pin = try LockfileEntry(entry.value)
            let platform = try Self.platform(entry.key)
            guard platforms[platform] == nil else {
                throw LockfileError(at: entry.key.mark, "the platform \(platform) stands twice")
            }
            platforms[platform] = LockedImage.PlatformPin(
                digest: try pin.parse("digest", Digest.init(parsing:)),
                size: try pin.integer("size"))
        }
        return platforms
    }

    private static func platform(_ key: YAMLNode) throws(LockfileError) -> Platform {
        do {
            return try Platform(parsing: key.text ?? "")
        } catch {
            throw LockfileError(at: key.mark, error.description)
        }
    }

    /// Refuses a composed field that differs from its parts.
    func expect(_ key: String, _ composed: String) throws(LockfileError) {
        guard try text(key) == composed else {
            throw failure(key, "'\(key)' contradicts the fields that it is made of; run sync anew")
        }
    }
}
