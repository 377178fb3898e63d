// SPDX-License-Identifier: Apache-2.0

internal import Lockfiles
public import OCI
internal import TextSafety
internal import YAML

/// An error that indicates that entries cannot be copied from one lock file to another.
public struct PromotionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The problem, in one line.
    public let description: String
    /// The next step, in the imperative.
    public let hint: String

    init(_ description: String, hint: String) {
        self.description = description
        self.hint = hint
    }
}

/// Copies entries of one lock file into another byte by byte, including fields that this version
/// does not know.
public struct LockPromotion: Sendable {
    /// A changed entry.
    public struct Change: Hashable, Sendable {
        /// The id of the image.
        public let id: String
        /// The previous digest in the target lock file; `nil` if it did not have the image.
        public let old: Digest?
        /// The new digest.
        public let new: Digest
    }

    /// An entry that cannot be copied.
    public struct Rejection: Hashable, Sendable {
        /// The id of the image.
        public let id: String
        /// The reason, in one line.
        public let reason: String
    }

    /// The changed entries, by id.
    public private(set) var changes: [Change] = []
    /// The selected entries that cannot be copied, by id.
    public private(set) var rejections: [Rejection] = []
    /// The ids of the source lock file, sorted.
    public let ids: [String]
    /// The new bytes of the target lock file; `nil` if nothing changes.
    public private(set) var newBytes: [UInt8]?

    /// Copies entries.
    ///
    /// - Parameters:
    ///   - source: The lock file to copy from.
    ///   - target: The lock file to copy into.
    ///   - root: The keys that lead to the content of both lock files.
    ///   - selects: A closure that returns whether the entry of an id is copied.
    /// - Throws: ``PromotionError`` if a lock file is invalid.
    public init(
        from source: [UInt8], into target: [UInt8], root: [String],
        selecting selects: (String) -> Bool
    ) throws(PromotionError) {
        let from = try LockText(source, root: root, named: "the source lock file")
        let into = try LockText(target, root: root, named: "the target lock file")
        ids = from.lock.images.keys.sorted()
        var entries = into.entries
        var expected = into.lock
        for (id, image) in from.lock.images.sorted(by: { $0.key < $1.key }) where selects(id) {
            let old = into.lock.images[id]
            if let old, old.repository != image.repository {
                let name = UntrustedText(image.repository.description).display(limit: 300)
                rejections.append(
                    Rejection(id: id, reason: "the source lock file has it in \(name)"))
                continue
            }
            guard entries[id] != from.entries[id] else { continue }
            entries[id] = from.entries[id]
            expected.images[id] = image
            changes.append(Change(id: id, old: old?.digest, new: image.digest))
        }
        guard !changes.isEmpty else { return }
        let bytes = into.replacing(with: entries)
        guard let read = try? Lockfile(parsing: bytes, root: root), read == expected else {
            throw PromotionError(
                "the lock files are indented differently",
                hint: "run 'ocimirror sync' for one of them")
        }
        newBytes = bytes
    }
}

/// A lock file and the lines of its entries.
private struct LockText {
    let lock: Lockfile
    private(set) var entries: [String: [UInt8]] = [:]
    private var head: ArraySlice<UInt8>
    private var tail: ArraySlice<UInt8> = []

    init(_ bytes: [UInt8], root: [String], named name: String) throws(PromotionError) {
        var limits = FileText.limits
        limits.byteCount = Lockfile.maximumByteCount
        do throws(LockfileError) {
            lock = try Lockfile(parsing: bytes, root: root)
        } catch {
            throw PromotionError("\(name): \(error)", hint: error.hint)
        }
        guard let stream = try? YAMLDocumentStream(parsing: bytes, limits: limits),
            var node = stream.documents.first?.root
        else {
            throw PromotionError("\(name): cannot be read", hint: LockfileError.restoreHint)
        }
        for key in root + ["images"] { node = node[key] ?? node }
        guard case .mapping(let entries, .block) = node.kind, !entries.isEmpty else {
            guard node.entries?.isEmpty == true else {
                throw PromotionError(
                    "\(name): the images are not in the format that 'ocimirror sync' writes",
                    hint: LockfileError.restoreHint)
            }
            // After `images: {}`, the entries begin on the next line.
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
            self.entries[id] = Array(bytes[starts[index]..<next])
        }
    }

    /// Returns the lock file with other entries, in the order in which sync writes them.
    func replacing(with entries: [String: [UInt8]]) -> [UInt8] {
        let ids = entries.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return Array(head) + ids.flatMap { entries[$0] ?? [] } + tail
    }
}
