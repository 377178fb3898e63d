// SPDX-License-Identifier: Apache-2.0

internal import Lockfiles
public import OCI
internal import TextSafety
internal import YAML

/// Why blocks cannot be copied from one lock to another.
public struct PromotionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One line: what, which, why.
    public let description: String
    /// The next step, in the imperative.
    public let hint: String

    init(_ description: String, hint: String) {
        self.description = description
        self.hint = hint
    }
}

/// Blocks of one lock, copied into another byte by byte, fields that this version does not know
/// included.
public struct LockPromotion: Sendable {
    /// A block that differs.
    public struct Change: Hashable, Sendable {
        /// The image's id.
        public let id: String
        /// The digest that the lock had; nil where it had no such image.
        public let old: Digest?
        /// The digest that it has now.
        public let new: Digest
    }

    /// An entry that is left as it is, because it cannot be copied.
    public struct Refusal: Hashable, Sendable {
        /// The image's id.
        public let id: String
        /// Why, in a line.
        public let reason: String
    }

    /// What changes, by id.
    public private(set) var changes: [Change] = []
    /// What was selected and cannot be copied, by id.
    public private(set) var refusals: [Refusal] = []
    /// The ids of the lock to copy from, sorted.
    public let ids: [String]
    /// The lock's new bytes; nil where nothing changes.
    public private(set) var newBytes: [UInt8]?

    /// Copies blocks.
    ///
    /// - Parameters:
    ///   - source: the lock to copy from.
    ///   - destination: the lock to copy into.
    ///   - root: where in both the images are.
    ///   - selects: which ids are copied.
    /// - Throws: ``PromotionError`` where a lock cannot be read.
    public init(
        from source: [UInt8], into destination: [UInt8], root: [String],
        selecting selects: (String) -> Bool
    ) throws(PromotionError) {
        let from = try LockText(source, root: root, named: "the lock to copy from")
        let into = try LockText(destination, root: root, named: "the lock to copy into")
        ids = from.lock.images.keys.sorted()
        var blocks = into.blocks
        var expected = into.lock
        for (id, image) in from.lock.images.sorted(by: { $0.key < $1.key }) where selects(id) {
            let old = into.lock.images[id]
            if let old, old.repository != image.repository {
                let name = UntrustedText(image.repository.description).display(limit: 300)
                refusals.append(Refusal(id: id, reason: "the lock to copy from has it in \(name)"))
                continue
            }
            guard blocks[id] != from.blocks[id] else { continue }
            blocks[id] = from.blocks[id]
            expected.images[id] = image
            changes.append(Change(id: id, old: old?.digest, new: image.digest))
        }
        guard !changes.isEmpty else { return }
        let bytes = into.replacing(with: blocks)
        guard let read = try? Lockfile(parsing: bytes, root: root), read == expected else {
            throw PromotionError(
                "the locks are indented differently",
                hint: "run 'ocimirror sync' for one of them")
        }
        newBytes = bytes
    }
}

/// A lock and the lines of its blocks.
private struct LockText {
    let lock: Lockfile
    private(set) var blocks: [String: [UInt8]] = [:]
    private var head: ArraySlice<UInt8>
    private var tail: ArraySlice<UInt8> = []

    init(_ bytes: [UInt8], root: [String], named name: String) throws(PromotionError) {
        var limits = FileText.limits
        limits.byteCount = 16 << 20
        do throws(LockfileError) {
            lock = try Lockfile(parsing: bytes, root: root)
        } catch {
            throw PromotionError("\(name): \(error)", hint: error.hint)
        }
        guard let stream = try? YAMLDocumentStream(parsing: bytes, limits: limits),
            var node = stream.documents.first?.root
        else {
            throw PromotionError("\(name): it cannot be read", hint: LockfileError.restoreHint)
        }
        for key in root + ["images"] { node = node[key] ?? node }
        guard case .mapping(let entries, .block) = node.kind, !entries.isEmpty else {
            guard node.entries?.isEmpty == true else {
                throw PromotionError(
                    "\(name): its images are not written as sync writes them",
                    hint: LockfileError.restoreHint)
            }
            // `images: {}`: the blocks begin on the next line.
            head = bytes[..<node.range.lowerBound]
            while head.last == 0x20 { head.removeLast() }
            head.append(0x0A)
            return
        }
        let text = stream.text
        let starts = entries.map { text.range(ofLine: $0.key.mark.line).lowerBound }
        let last = text.mark(at: max(node.range.upperBound - 1, 0)).line
        let end = last < text.lineCount ? text.range(ofLine: last + 1).lowerBound : bytes.count
        head = bytes[..<starts[0]]
        tail = bytes[end...]
        for (index, entry) in entries.enumerated() {
            guard let id = entry.key.text else { continue }
            let next = index + 1 < starts.count ? starts[index + 1] : end
            blocks[id] = Array(bytes[starts[index]..<next])
        }
    }

    /// The lock with other blocks, in the order in which sync writes them.
    func replacing(with blocks: [String: [UInt8]]) -> [UInt8] {
        let ids = blocks.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return Array(head) + ids.flatMap { blocks[$0] ?? [] } + tail
    }
}
