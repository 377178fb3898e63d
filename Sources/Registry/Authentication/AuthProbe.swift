// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives

/// The state of the first request to a registry.
enum AuthProbe: Sendable {
    case pending
    case inFlight
    case finished
}

extension Authenticator {
    /// Waits until the first request to the registry has finished, so that concurrent requests
    /// share the challenge that it receives.
    ///
    /// - Returns: A Boolean value that indicates whether the caller sends the first request and
    ///   must report its end.
    /// - Throws: `CancellationError`.
    nonisolated func beginProbe() async throws -> Bool {
        try await probe.take { state -> Bool? in
            switch state {
            case .pending:
                state = .inFlight
                return true
            case .inFlight: return nil
            case .finished: return false
            }
        }
    }

    /// Resumes all waiting requests, whether or not the probe succeeded.
    ///
    /// A failed probe has nothing to share. If it was canceled, another request becomes the probe.
    nonisolated func endProbe(isCancelled: Bool) {
        probe.change { $0 = isCancelled ? .pending : .finished }
    }
}
