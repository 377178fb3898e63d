// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Wording
internal import YAML

extension Lockfile {
    /// Reads a lock.
    ///
    /// Fields that are not known are ignored: a newer version may have written them. Fields that
    /// contradict each other (`sha` and `digest`, `pinned` and its parts) are refused, because
    /// readers use one or the other.
    ///
    /// - Parameters:
    ///   - bytes: the file.
    ///   - root: the keys under which the block stands.
    /// - Throws: ``LockfileError`` with the place of the first problem.
    public init(
        parsing bytes: [UInt8], root: [String] = ["global", "ocimirror"]
    ) throws(LockfileError) {
        let stream: YAMLDocumentStream
        do {
            stream = try YAMLDocumentStream(parsing: bytes)
        } catch {
            throw LockfileError(at: error.mark, error.message)
        }
        guard stream.documents.count == 1, var node = stream.documents.first?.root else {
            throw LockfileError(
                at: YAMLMark(line: 1, column: 1), "a lock is one YAML document; regenerate it")
        }
        for key in root { node = try Block(node).required(key) }
        let block = try Block(node)
        let schema = try block.integer("schema")
        guard schema == Self.schema else {
            throw block.failure(
                "schema", "schema \(schema) is not the \(Self.schema) that this version reads")
        }
        var images: [String: LockedImage] = [:]
        for entry in try Block(block.required("images")).entries {
            guard let id = entry.key.text else {
                throw LockfileError(at: entry.key.mark, "an id must be text")
            }
            guard images[id] == nil else {
                throw LockfileError(
                    at: entry.key.mark, "the id '\(UntrustedText(id).display)' stands twice")
            }
            images[id] = try LockedImage(Block(entry.value))
        }
        self.init(
            root: root, inputs: try block.parse("inputs", Digest.init(parsing:)),
            proof: block["proof"] == nil ? nil : try block.proof("proof"), images: images)
    }
}

extension LockedImage {
    fileprivate init(_ block: Block) throws(LockfileError) {
        let registry = try block.parse("registry", RegistryHost.init(parsing:))
        let path = try block.text("repository")
        let repository = try block.parse("repository") { _ throws(ParseError) in
            try Repository(registry: registry, path: path)
        }
        self.init(
            source: try block.text("source"), upstream: try block.text("upstream"),
            repository: repository,
            tag: block["tag"] == nil ? nil : try block.parse("tag", Tag.init(parsing:)),
            digest: try block.parse("digest", Digest.init(parsing:)),
            mediaType: try block.parse("mediaType", MediaType.init(parsing:)),
            size: try block.integer("size"), proof: try block.proof("proof"),
            requires: try block.texts("requires"), platforms: try block.platforms())
        try block.expect("sha", digest.hex)
        try block.expect("pinned", pinned.description)
        if let ref { try block.expect("ref", ref.description) }
    }
}

/// A mapping of the lock, read field by field.
private struct Block {
    let node: YAMLNode
    let entries: [YAMLNode.Entry]

    init(_ node: YAMLNode) throws(LockfileError) {
        guard let entries = node.entries else {
            throw LockfileError(at: node.mark, "a mapping belongs here")
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

    func integer(_ key: String) throws(LockfileError) -> Int {
        guard let number = Int(try text(key)), number >= 0 else {
            throw failure(key, "'\(key)' must be a number")
        }
        return number
    }

    func texts(_ key: String) throws(LockfileError) -> [String] {
        guard let value = node[key] else { return [] }
        guard let items = value.items, case let texts = items.compactMap(\.text),
            texts.count == items.count
        else { throw failure(key, "'\(key)' must be a list of texts") }
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

    func proof(_ key: String) throws(LockfileError) -> ProofLevel {
        guard let level = ProofLevel(rawValue: try text(key)) else {
            throw failure(key, "'\(key)' is none of index, config and content")
        }
        return level
    }

    func platforms() throws(LockfileError) -> [Platform: LockedImage.PlatformPin] {
        var platforms: [Platform: LockedImage.PlatformPin] = [:]
        for entry in try Block(required("platforms")).entries {
            let pin = try Block(entry.value)
            do {
                let platform = try Platform(parsing: entry.key.text ?? "")
                platforms[platform] = LockedImage.PlatformPin(
                    digest: try pin.parse("digest", Digest.init(parsing:)),
                    size: try pin.integer("size"))
            } catch let error as ParseError {
                throw LockfileError(at: entry.key.mark, error.description)
            } catch let error as LockfileError {
                throw error
            } catch {
                throw LockfileError(at: entry.key.mark, "\(error)")
            }
        }
        return platforms
    }

    /// Refuses a composed field that differs from its parts.
    func expect(_ key: String, _ composed: String) throws(LockfileError) {
        guard try text(key) == composed else {
            throw failure(key, "'\(key)' contradicts the fields that it is made of; run sync anew")
        }
    }
}
