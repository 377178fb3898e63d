// SPDX-License-Identifier: Apache-2.0

/// A number of bytes per second, written `50MB/s`, `8MiB/s` or `50MB`.
public struct ByteRate: Hashable, Sendable {
    /// The number of bytes per second.
    public let bytesPerSecond: Int

    /// The slowest rate that is accepted, in bytes per second.
    ///
    /// Registries abort an upload that receives nothing for about a minute, and an upload that is
    /// fed by a download receives nothing while the download is paused.
    public static let slowest = 100_000

    /// Creates a rate of at least 1 byte per second.
    public init(bytesPerSecond: Int) {
        precondition(bytesPerSecond > 0, "rate must be positive")
        self.bytesPerSecond = bytesPerSecond
    }
}

extension ByteRate: ArgumentValue {
    /// `RATE`.
    public static var placeholder: String { "RATE" }

    /// Parses a size, optionally followed by `/s`.
    public init(argument: String) throws(InvalidValue) {
        let size = argument.hasSuffix("/s") ? argument.dropLast(2) : argument[...]
        let lowercased = size.lowercased()
        guard !lowercased.hasSuffix("bit"), !lowercased.hasSuffix("bps") else {
            throw InvalidValue(argument, "expected bytes per second, not bits, such as 50MB/s")
        }
        guard size.last?.isNumber != true, let size = try? ByteSize(argument: String(size)) else {
            throw InvalidValue(argument, "expected a rate such as 50MB/s, 8MiB/s or 800KB/s")
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
