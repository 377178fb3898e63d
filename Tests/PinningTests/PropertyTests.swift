// SPDX-License-Identifier: Apache-2.0

import Files
import Pinning
import Testing
import YAML

/// Tests invariants of pinning with random files, in parallel.
///
/// They are serialized, because they use a thread for long, and other tests would wait too long between
/// two requests on one connection.
@Suite(.serialized, .timeLimit(.minutes(10))) struct PropertyTests {
    /// The number of files: a thousand by default, and `OCIMIRROR_PROPERTY_FILES` in continuous
    /// integration.
    private static let files: UInt64 = {
        let environment = (try? BoundedFile.read("/proc/self/environ", limit: 1 << 20)) ?? []
        let prefix = "OCIMIRROR_PROPERTY_FILES="
        let words = environment.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return words.first { $0.hasPrefix(prefix) }.flatMap { UInt64($0.dropFirst(prefix.count)) }
            ?? 1000
    }()
    private static let parts: UInt64 = 50

    // The parts are small, because other tests need the same few threads.
    @Test(arguments: 0..<parts)
    func `D07 an edit changes only the pins`(_ part: UInt64) throws {
        let count = Self.files / Self.parts
        let pinner = Pinner(try Fixture.lock("images.lock.yaml"), updatesTags: true)
        let older = Pinner(try Fixture.lock("older.lock.yaml"), updatesTags: true)
        var changed = 0
        for seed in (part * count)..<(part * count + count) {
            let text = GeneratedFile(seed: seed).text
            let bytes = Array(text.utf8)
            let pinned = pinner.pin(bytes, path: "values.yaml")
            try #require(pinned.error == nil, "seed \(seed): \(text)")
            guard let new = pinned.newBytes else { continue }
            changed += 1
            #expect(Self.frame(of: new) == Self.frame(of: bytes), "seed \(seed)")
            #expect(Self.mixesLineBreaks(new) == Self.mixesLineBreaks(bytes), "seed \(seed)")
            // Every fifth file is also pinned again, with the old lock file, and with the new one.
            guard seed % 5 == 0 else { continue }
            #expect(pinner.pin(new, path: "values.yaml").newBytes == nil, "seed \(seed)")
            let there = try #require(older.pin(new, path: "values.yaml").newBytes, "seed \(seed)")
            let back = pinner.pin(there, path: "values.yaml").newBytes
            #expect(back == new, "seed \(seed)")
            let first = older.pin(bytes, path: "values.yaml").newBytes ?? bytes
            guard let second = pinner.pin(first, path: "values.yaml").newBytes else { continue }
            let third = try #require(older.pin(second, path: "values.yaml").newBytes)
            // In files with unneeded quotes, all quotes are kept, including added ones.
            #expect(
                text.contains("'") || text.contains("\"tag\"") || third == first, "seed \(seed)")
            #expect(try Self.values(third) == Self.values(first), "seed \(seed)")
        }
        #expect(changed > count / 5)
    }

    /// Returns the values of a file, independent of their style.
    private static func values(_ bytes: [UInt8]) throws -> [String] {
        func values(_ node: YAMLNode) -> String {
            switch node.kind {
            case .scalar(let text, _): "\(YAMLScalar(node) ?? .string(text))"
            case .alias(let name): "*\(name)"
            case .sequence(let items, _): "[\(items.map(values).joined(separator: ", "))]"
            case .mapping(let entries, _):
                "{\(entries.map { "\(values($0.key)): \(values($0.value))" }.joined(separator: ", "))}"
            }
        }
        return try YAMLDocumentStream(parsing: bytes).documents.map { values($0.root) }
    }

    /// Returns the file without pins: without lines for digests, and with only the text before and
    /// the comment after each other pin.
    ///
    /// The function uses only the text, independent of the implementation of the pinner.
    private static func frame(of bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: 0x0A, omittingEmptySubsequences: false).compactMap { line in
            let content = line.drop { $0 == 0x20 }
            guard !content.starts(with: "digest:".utf8), !content.starts(with: "sha:".utf8) else {
                return nil
            }
            guard let start = line.indices.first(where: { isPin(line[$0...]) }) else {
                return Array(line)
            }
            let end = line.last == 0x0D ? line.dropLast() : line
            let comment = end.indices.first {
                end[$0] == 0x20 && end[$0...].starts(with: " #".utf8)
            }
            return Array(line[..<start]) + (comment.map { Array(end[$0...]) } ?? [])
        }
    }

    private static func mixesLineBreaks(_ bytes: [UInt8]) -> Bool {
        let breaks = bytes.indices.filter { bytes[$0] == 0x0A }
            .map { $0 > 0 && bytes[$0 - 1] == 0x0D }
        return Set(breaks).count > 1
    }

    /// Comparing the first letter first avoids five comparisons for each byte in this loop, the
    /// hottest of the test.
    private static func isPin(_ text: ArraySlice<UInt8>) -> Bool {
        switch text.first {
        case UInt8(ascii: "i"): text.starts(with: "image".utf8)
        case UInt8(ascii: "I"): text.starts(with: "Image".utf8)
        case UInt8(ascii: "t"): text.starts(with: "tag".utf8)
        case UInt8(ascii: "\""): text.starts(with: "\"tag".utf8)
        case UInt8(ascii: "n"): text.starts(with: "newTag".utf8)
        default: false
        }
    }
}
