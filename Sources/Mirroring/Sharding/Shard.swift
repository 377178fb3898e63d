// SPDX-License-Identifier: Apache-2.0

internal import Hashing
public import OCI

/// One part of a run that several machines share.
///
/// Each target repository belongs to one part, whoever asks and without any network: the one whose hash
/// together with the repository's name is the greatest. Another number of parts moves only what it
/// has to.
///
/// Source: rendezvous hashing (Thaler and Ravishankar, 1998).
public struct Shard: Hashable, Sendable, CustomStringConvertible {
    /// Which part, from 1.
    public let number: Int
    /// How many parts there are.
    public let count: Int

    /// The greatest number of parts.
    public static let maximumCount = 1000

    /// Makes a part; nil where there is none of that number.
    public init?(_ number: Int, of count: Int) {
        guard (1...Self.maximumCount).contains(count), (1...count).contains(number) else {
            return nil
        }
        self.number = number
        self.count = count
    }

    /// Reads `2/3`.
    ///
    /// - Throws: `ParseError`.
    public init(parsing text: String) throws(ParseError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int(parts[0]), let count = Int(parts[1]),
            let shard = Shard(number, of: count)
        else {
            throw ParseError(
                "shard", text, "is not I/N with I from 1 to N and N up to \(Self.maximumCount)")
        }
        self = shard
    }

    /// `2/3`.
    public var description: String { "\(number)/\(count)" }

    /// Whether the repository of a name below a target's prefix belongs to this part.
    public func owns(_ name: String) -> Bool {
        let scores = (1...count).map { Digest.of(Array("\(name)\n\($0)".utf8)).hex }
        return scores.indices.max { scores[$0] < scores[$1] } == number - 1
    }

    // MARK: Files

    /// Where the part's lock is, beside the whole one: `images.lock.2-of-3.yaml`.
    public func path(of lock: String) -> String {
        for ending in [".yaml", ".yml"] where lock.hasSuffix(ending) {
            return "\(lock.dropLast(ending.count)).\(number)-of-\(count)\(ending)"
        }
        return "\(lock).\(number)-of-\(count)"
    }

    /// Reads which part a file is of; nil for a file of another name.
    public init?(ofFile path: String) {
        let name = path.split(separator: "/").last ?? ""
        let words = name.split(separator: ".").reversed()
        for word in words.prefix(2) {
            let numbers = word.split(separator: "-", omittingEmptySubsequences: false)
            guard numbers.count == 3, numbers[1] == "of", let number = Int(numbers[0]),
                let count = Int(numbers[2]), let shard = Shard(number, of: count)
            else { continue }
            self = shard
            return
        }
        return nil
    }
}
