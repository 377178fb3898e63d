// SPDX-License-Identifier: Apache-2.0

/// A number of bytes in a second, written `50MB/s`, `8MiB/s` or `50MB`.
public struct ByteRate: Hashable, Sendable {
    /// How many bytes in a second.
    public let bytesPerSecond: Int

    /// The slowest that can be asked for.
    ///
    /// Registries give up on an upload that brings nothing for about a minute, and one that is fed by a download brings
    /// nothing while that waits.
    public static let slowest = 100_000

    /// Wraps a count, which is at least 1.
    public init(bytesPerSecond: Int) {
        precondition(bytesPerSecond > 0, "a rate is positive")
        self.bytesPerSecond = bytesPerSecond
    }
}

extension ByteRate: ArgumentValue {
    /// A rate.
    public static var placeholder: String { "RATE" }

    /// Reads a size, with or without `/s` behind it.
    public init(argument: String) throws(InvalidValue) {
        let size = argument.hasSuffix("/s") ? argument.dropLast(2) : argument[...]
        let lowercased = size.lowercased()
        guard !lowercased.hasSuffix("bit"), !lowercased.hasSuffix("bps") else {
            throw InvalidValue(argument, "counts bits: write bytes, eight times fewer, like 50MB/s")
        }
        guard size.last?.isNumber != true, let size = try? ByteSize(argument: String(size)) else {
            throw InvalidValue(argument, "not a rate: write it like 50MB/s, 8MiB/s or 800KB/s")
        }
        guard size.byteCount >= Self.slowest else {
            throw InvalidValue(
                argument, "too slow: registries give up on uploads below \(Self.slowest / 1000)KB/s"
            )
        }
        self.init(bytesPerSecond: size.byteCount)
    }

    /// The rate in the largest unit that divides it.
    public var argument: String { "\(ByteSize(bytesPerSecond).argument)/s" }
}
