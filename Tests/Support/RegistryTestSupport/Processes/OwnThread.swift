// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Runs blocking work on a separate thread, so that it does not occupy the cooperative thread pool.
///
/// - Returns: The result of `work`.
public func onOwnThread<Value: Sendable>(
    _ work: @escaping @Sendable () throws -> Value
) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        let job = unsafe Unmanaged.passRetained(
            Job { continuation.resume(with: Result { try work() }) })
        var thread = pthread_t()
        let failure = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Job>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, job.toOpaque())
        precondition(failure == 0, "the process can start another thread")
        pthread_detach(thread)
    }
}

private final class Job: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
