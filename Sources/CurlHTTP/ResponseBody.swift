// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The body of an answer, read at the pace of whoever iterates it.
///
/// The transfer lives as long as the body or an iterator of it.
struct ResponseBody: AsyncSequence, Sendable {
    let lease: ExchangeLease

    func makeAsyncIterator() -> Iterator { Iterator(lease: lease) }

    struct Iterator: AsyncIteratorProtocol {
        let lease: ExchangeLease

        func next() async throws -> [UInt8]? {
            try await withTaskCancellationHandler {
                try await lease.exchange.answer.next { lease.resume() }
            } onCancel: {
                lease.cancel()
            }
        }
    }
}
