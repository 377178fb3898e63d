// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import TextSafety
internal import YAML

/// A mapping of the lock file, read field by field.
struct LockfileEntry {
    let node: YAMLNode
    let entries: [YAMLNode.Entry]
    /// The prefix of messages that names the entry, such as `grafana: `; empty outside entries.
    private let subject: String

    /// Creates a reader of a mapping.
    ///
    /// - Parameters:
    ///   - node: The mapping.
    ///   - name: The name of the mapping in messages.
    ///   - isEntry: A Boolean value that indicates whether messages about fields begin with the
    ///     name.
    /// - Throws: ``LockfileError`` if the node is not a mapping or has a duplicate key.
    init(
        _ node: YAMLNode, as name: String, isEntry: Bool = false
    ) throws(LockfileError) {
        let name = UntrustedText(name).display(limit: 200)
        subject = isEntry ? "\(name): " : ""
        guard let entries = node.entries else {
            throw LockfileError(at: node.mark, "'\(name)' must be a mapping")
        }
        var keys: Set<String> = []
        for entry in entries {
            guard let key = entry.key.text else {
                throw LockfileError(at: entry.key.mark, "\(subject)a key must be text")
            }
            guard keys.insert(key).inserted else {
                throw LockfileError(
                    at: entry.key.mark,
                    "\(subject)duplicate key '\(UntrustedText(key).display(limit: 200))'")
            }
        }
        self.node = node
        self.entries = entries
    }

    subscript(key: String) -> YAMLNode? { node[key] }

    func failure(
        _ key: String, _ message: String, hint: String = LockfileError.restoreHint
    ) -> LockfileError {
        LockfileError(at: node[key]?.mark ?? node.mark, "\(subject)\(message)", hint: hint)
    }

    func required(_ key: String) throws(LockfileError) -> YAMLNode {
        guard let value = node[key] else {
            throw failure(key, "'\(key)' is missing")
        }
        return value
    }

    func text(_ key: String) throws(LockfileError) -> String {
        let value = try required(key)
        guard let text = value.text, !text.isEmpty else {
            throw failure(key, "'\(key)' must be text")
        }
        return text
    }

    /// Returns text that is safe to show: a lock file can come from an untrusted pull request.
    func shownText(_ key: String) throws(LockfileError) -> String {
        let text = try text(key)
        guard text.unicodeScalars.allSatisfy(\.isSafeToShow) else {
            throw failure(key, "'\(key)' has unprintable characters")
        }
        return text
    }

    /// Returns a size; numbers above 2^53 are rejected because not every reader represents them
    /// exactly.
    func integer(_ key: String) throws(LockfileError) -> Int {
        guard let number = Int(try text(key)), (0...Descriptor.maximumSize).contains(number) else {
            throw failure(key, "'\(key)' must be a number from 0 to 2^53")
        }
        return number
    }

    /// Returns a Boolean value; `false` for a lock file without the field.
    func flag(_ key: String) throws(LockfileError) -> Bool {
        guard node[key] != nil else { return false }
        switch try text(key) {
        case "true": return true
        case "false": return false
        default: throw failure(key, "'\(key)' must be true or false")
        }
    }

    func texts(_ key: String) throws(LockfileError) -> [String] {
        guard let value = node[key] else { return [] }
        guard let items = value.items, case let texts = items.compactMap(\.text),
            texts.count == items.count,
            texts.allSatisfy({ $0.unicodeScalars.allSatisfy(\.isSafeToShow) })
        else { throw failure(key, "'\(key)' must be a list of printable strings") }
        return texts
    }

    func parse<Noun>(
        _ key: String, _ parser: (String) throws(ParseError) -> Noun
    ) throws(LockfileError) -> Noun {
        let text = try text(key)
        do {
            return try parser(text)
        } catch {
            throw failure(key, "'\(key)': \(error.description)")
        }
    }

    func validation(_ key: String) throws(LockfileError) -> ValidationLevel {
        guard let level = ValidationLevel(rawValue: try text(key)) else {
            throw failure(key, "'\(key)' must be index, config, or content")
        }
        return level
    }

    /// Returns the platforms whose content could not be checked; none for an entry without the
    /// field.
    func notChecked() throws(LockfileError) -> [Platform] {
        var platforms: Set<Platform> = []
        for item in node["notChecked"]?.items ?? [] {
            let platform = try Self.platform(item)
            guard platforms.insert(platform).inserted else {
                throw LockfileError(at: item.mark, "\(subject)duplicate platform \(platform)")
            }
        }
        guard node["notChecked"] == nil || !platforms.isEmpty else {
            throw failure("notChecked", "'notChecked' must be a list of platforms")
        }
        if !platforms.isEmpty, try validation("validation") == .content {
            throw failure("notChecked", "'notChecked' contradicts 'validation: content'")
        }
        return Array(platforms)
    }

    func platforms() throws(LockfileError) -> [Platform: LockedImage.PlatformPin] {
        var platforms: [Platform: LockedImage.PlatformPin] = [:]
        for entry in try LockfileEntry(
            required("platforms"), as: "\(subject)platforms", isEntry: true
        ).entries {
            let name = UntrustedText(entry.key.text ?? "").display(limit: 200)
            let pin = try LockfileEntry(entry.value, as: "\(subject)\(name)", isEntry: true)
            let platform = try Self.platform(entry.key)
            guard platforms[platform] == nil else {
                throw LockfileError(
                    at: entry.key.mark, "\(subject)duplicate platform \(platform)")
            }
            platforms[platform] = LockedImage.PlatformPin(
                digest: try pin.parse("digest", Digest.init(parsing:)),
                size: try pin.integer("size"))
        }
        return platforms
    }

    /// Returns the referrers; none for a lock file without the field.
    func referrers() throws(LockfileError) -> [LockedImage.Referrer] {
        guard let value = node["referrers"] else { return [] }
        guard let items = value.items else {
            throw failure("referrers", "'referrers' must be a list")
        }
        var referrers: Set<LockedImage.Referrer> = []
        var tags: Set<Tag> = []
        for item in items {
            let fields = try LockfileEntry(item, as: "\(subject)referrers", isEntry: true)
            let referrer = LockedImage.Referrer(
                digest: try fields.parse("digest", Digest.init(parsing:)),
                tag: fields["tag"] == nil ? nil : try fields.parse("tag", Tag.init(parsing:)))
            let isNewTag = referrer.tag.map { tags.insert($0).inserted } ?? true
            guard isNewTag, referrers.insert(referrer).inserted else {
                throw LockfileError(
                    at: item.mark,
                    "\(subject)duplicate referrer \(referrer.tag?.name ?? referrer.digest.short)")
            }
        }
        return Array(referrers)
    }

    private static func platform(_ key: YAMLNode) throws(LockfileError) -> Platform {
        do {
            return try Platform(parsing: key.text ?? "")
        } catch {
            throw LockfileError(at: key.mark, error.description)
        }
    }
}
