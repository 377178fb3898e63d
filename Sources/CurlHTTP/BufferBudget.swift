// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives

/// Divides a limited number of bytes between the buffers of all exchanges in progress.
///
/// An exchange gets at most a fixed part of the bytes that are left, so that the buffers become
/// smaller the more exchanges there are. It never waits: an upload and the download that feeds it
/// are two exchanges, and could otherwise wait for each other.
final class BufferBudget: Sendable {
    /// The smallest buffer of an exchange with a large body.
    static let minimumSize = 32 << 10
    /// The largest buffer; larger ones do not raise the throughput.
    static let maximumSize = 256 << 10
    /// The number of buffers of a download; an upload has two.
    ///
    /// They are libcurl's, the received bytes, and those that the reader has taken.
    static let buffersPerExchange = 3
    /// The part of the remaining bytes that an exchange gets.
    private static let share = 1.0 / 16

    private let remaining: Mutex<Int>

    /// Creates a budget.
    ///
    /// - Parameter byteCount: The number of bytes.
    init(_ byteCount: Int = 12 << 20) {
        remaining = Mutex(byteCount)
    }

    /// Takes the bytes for an exchange and returns the size of each of its buffers, a power of two.
    ///
    /// - Parameter bodyLength: The length of the body, or `nil` if it is unknown.
    /// - Returns: The size in bytes.
    func take(for bodyLength: Int?) -> Int {
        remaining.withLock { remaining in
            let share = Int(Double(max(remaining, 0)) * Self.share) / Self.buffersPerExchange
            let needed = min(bodyLength ?? Self.maximumSize, Self.maximumSize)
            var size = Self.minimumSize
            while size < needed, size * 2 <= share { size *= 2 }
            remaining -= size * Self.buffersPerExchange
            return size
        }
    }

    /// Returns the bytes of an exchange with buffers of a size.
    func giveBack(_ size: Int) {
        remaining.withLock { $0 += size * Self.buffersPerExchange }
    }
}
