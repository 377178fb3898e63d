// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import Synchronization

/// Counts the bytes of a response, and reports the exchange when its body is released.
///
/// A body may be read to its end, dropped half-way or never read. In each case the
/// exchange ends when the last reference to this object is released.
final class RequestMetrics: Sendable {
    private let bytes: Atomic<Int>
    private let report: @Sendable (Int) -> Void

    init(sent: Int, report: @escaping @Sendable (_ bytes: Int) -> Void) {
        self.bytes = Atomic(sent)
        self.report = report
    }

    deinit {
        report(bytes.load(ordering: .relaxed))
    }

    func add(_ count: Int) {
        bytes.add(count, ordering: .relaxed)
    }
}

/// A body whose bytes are counted.
struct MeteredBody: AsyncSequence, Sendable {
    let base: HTTPByteStream
    let metrics: RequestMetrics

    func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator(), metrics: metrics)
    }

    struct Iterator: AsyncIteratorProtocol {
        var base: any AsyncIteratorProtocol<[UInt8], any Error>
        let metrics: RequestMetrics

        mutating func next() async throws -> [UInt8]? {
            let chunk = try await base.next(isolation: #isolation)
            metrics.add(chunk?.count ?? 0)
            return chunk
        }
    }
}

/// A body that distinguishes its errors from those of the request that sends it.
struct UploadBody: AsyncSequence, Sendable {
    let base: HTTPByteStream

    func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator())
    }

    struct Iterator: AsyncIteratorProtocol {
        var base: any AsyncIteratorProtocol<[UInt8], any Error>

        mutating func next() async throws -> [UInt8]? {
            do {
                return try await base.next(isolation: #isolation)
            } catch {
                throw UploadSourceError(cause: error)
            }
        }
    }
}
