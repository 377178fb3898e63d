// SPDX-License-Identifier: Apache-2.0

internal import Hashing
public import OCI

/// Pseudo-random bytes that follow from a seed and are generated when they are read.
///
/// The content is a repeated block of random bytes. Every repetition begins with its number, so no
/// two are equal. Reading costs a copy, whatever the size.
public struct GeneratedBytes: Hashable, Sendable {
    /// The number of bytes.
    public let count: Int
    private let block: [UInt8]
    private static let blockSize = 1 << 18

    /// Creates `count` bytes that follow from `seed`.
    public init(count: Int, seed: UInt64) {
        self.count = count
        self.block = Self.random(min(max(count, 8), Self.blockSize), seed: seed)
    }

    /// Returns at most `limit` bytes from `position` on.
    public func read(from position: Int, limit: Int) -> [UInt8] {
        let inside = position % block.count
        let length = min(limit, block.count - inside, count - position)
        guard length > 0 else { return [] }
        var bytes = Array(block[inside..<inside + length])
        let number = position / block.count
        for index in 0..<8 where (inside..<inside + length).contains(index) {
            bytes[index - inside] ^= UInt8(truncatingIfNeeded: number >> (8 * index))
        }
        return bytes
    }

    /// Returns the digest of all bytes, which are generated for this purpose.
    public func digest() -> Digest {
        var hasher = DigestHasher()
        var position = 0
        while position < count {
            let bytes = read(from: position, limit: block.count)
            hasher.update(bytes)
            position += bytes.count
        }
        return hasher.finish()
    }

    /// Returns `count` bytes that follow from `seed`.
    static func random(_ count: Int, seed: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            let word = generator.next()
            for shift in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: word >> (8 * UInt64(shift))))
            }
        }
        return Array(bytes.prefix(count))
    }
}

/// A small pseudo-random number generator with reproducible output.
///
/// Source: the SplitMix64 algorithm (Steele, Lea, Flood: Fast splittable pseudorandom number
/// generators).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Creates a generator with a seed.
    public init(seed: UInt64) { state = seed }

    /// Returns the next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
