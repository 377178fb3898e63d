// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The body of a response, read at the pace of its iterator.
///
/// The transfer lives as long as the body or an iterator of it.
struct ResponseBody: AsyncSequence, Sendable {
    let lease: ExchangeLease

    func makeAsyncIterator() -> Iterator { Iterator(lease: lease) }

    struct Iterator: AsyncIteratorProtocol {
        let lease: ExchangeLease

        func next() async throws -> [UInt8]? {
            try await withTaskCancellationHandler {
                try await lease.exchange.response.next { lease.resume() }
            } onCancel: {
                lease.cancel()
            }
        }
    }
}
