// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import AsyncPrimitives

/// The requests to a registry whose failure does not fail an image: lists of referrers, and mounts.
///
/// A repository whose list failed is not asked again, unless only the subject is missing. After three
/// failures in a row, no more requests of the kind are sent to the registry in this run: they fail
/// with the last error.
final class OptionalRequests: Sendable {
    private struct State {
        /// The failures in a row, by kind.
        var failures: [RequestKind: Int] = [:]
        /// The error of a kind that is not sent any more.
        var closed: [RequestKind: RegistryError] = [:]
        /// The error of each repository whose list of referrers failed.
        var unlisted: [Repository?: RegistryError] = [:]
    }

    /// The number of failures in a row after which no more requests are sent.
    static let maximumFailures = 3

    private let state = Mutex(State())

    /// Sends a request unless too many of its kind have failed, and records the result.
    ///
    /// - Throws: ``RegistryError``, also without sending the request; or what `send` throws.
    func send<Value>(
        _ operation: Operation, _ send: () async throws -> Value
    ) async throws -> Value {
        if let failure = failure(of: operation) { throw failure }
        do {
            let value = try await send()
            state.withLock { $0.failures[operation.kind] = 0 }
            return value
        } catch let error as RegistryError {
            // A canceled request says nothing about the registry.
            try Task.checkCancellation()
            record(error, of: operation)
            throw error
        }
    }

    private func failure(of operation: Operation) -> RegistryError? {
        state.withLock { state in
            let unlisted =
                operation.kind == .referrerList ? state.unlisted[operation.repository] : nil
            return unlisted ?? state.closed[operation.kind]
        }
    }

    private func record(_ error: RegistryError, of operation: Operation) {
        state.withLock { state in
            if operation.kind == .referrerList, !error.reportsMissingContent {
                state.unlisted[operation.repository] = error
            }
            // A rejection concerns only one repository or blob.
            guard error.isTransient else { return }
            state.failures[operation.kind, default: 0] += 1
            if state.failures[operation.kind, default: 0] >= Self.maximumFailures {
                state.closed[operation.kind] = error
            }
        }
    }
}
