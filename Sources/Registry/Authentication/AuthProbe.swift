// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives

/// How far the very first exchange with a registry is.
enum AuthProbe: Sendable {
    case ahead
    case underway
    case over
}

extension Authenticator {
    /// Waits until the first exchange is through, so that many requests at once do not each learn
    /// from a refusal of their own what one of them can find out.
    ///
    /// - Returns: whether the caller has the first exchange, whose end it has to tell.
    /// - Throws: `CancellationError`.
    nonisolated func waitsForFirst() async throws -> Bool {
        try await firstExchange.take { exchange -> Bool? in
            switch exchange {
            case .ahead:
                exchange = .underway
                return true
            case .underway: return nil
            case .over: return false
            }
        }
    }

    /// Lets all others go on, whatever came of the first exchange: one that failed has nothing to
    /// teach, and each further one that had to fail alone would take as long.
    ///
    /// One that was cancelled has found out nothing, so another one takes its place.
    nonisolated func firstIsThrough(isCancelled: Bool) {
        firstExchange.change { $0 = isCancelled ? .ahead : .over }
    }
}
