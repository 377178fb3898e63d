// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import struct Synchronization.Atomic

/// Limits the concurrent operations of one kind at one host.
final class ConcurrencyLimiter: Sendable {
    private struct State {
        var controller: ConcurrencyController
        /// The number of permits that are held.
        var permits = 0
    }

    private let state: AsyncCondition<State>
    /// The number of transferred units that the controller does not know yet.
    private let unrecorded = Atomic<Int>(0)
    /// The end of the controller's window in nanoseconds of the clock.
    private let windowEnd = Atomic<Int64>(0)
    /// A monotonic clock.
    let now: @Sendable () -> Duration

    /// Creates a limiter.
    ///
    /// - Parameters:
    ///   - maximum: The upper bound of concurrent operations.
    ///   - tuning: The properties of the operations.
    ///   - now: A monotonic clock.
    init(
        maximum: Int, _ tuning: ConcurrencyController.Tuning,
        now: @escaping @Sendable () -> Duration
    ) {
        let controller = ConcurrencyController(maximum: maximum, tuning)
        self.state = AsyncCondition(State(controller: controller), servesInOrder: true)
        self.now = now
    }

    /// Waits for a permit.
    ///
    /// - Throws: `CancellationError`.
    func acquire() async throws {
        try await state.take { state -> Void? in
            guard state.permits < state.controller.limit else { return nil }
            state.permits += 1
            return ()
        }
    }

    /// Returns a permit.
    func release() {
        state.change { $0.permits -= 1 }
    }

    /// Returns a permit if the limit has become smaller than the number of permits.
    ///
    /// - Returns: A Boolean value that indicates whether the permit was returned.
    func releaseIfExceeded() -> Bool {
        state.change { state in
            guard state.permits > state.controller.limit else { return false }
            state.permits -= 1
            return true
        }
    }

    /// Waits for a permit that is returned when the result is released.
    ///
    /// - Throws: `CancellationError`.
    func transferPermit() async throws -> any TransferPermit {
        try await acquire()
        return LimitedTransfer(in: self)
    }

    /// Records the start of an operation, and returns its epoch.
    func begin() -> ConcurrencyController.Epoch {
        let now = now()
        return state.change { state in
            state.controller.begin(at: now)
            return state.controller.epoch
        }
    }

    /// Records the end of an operation.
    func end() {
        let now = now()
        state.change { $0.controller.end(at: now) }
    }

    /// Records transferred units.
    ///
    /// It is called for each chunk of each body, and takes the lock only once per window.
    func record(_ amount: Int) {
        unrecorded.add(amount, ordering: .relaxed)
        let now = now()
        guard now.nanoseconds >= windowEnd.load(ordering: .relaxed) else { return }
        let total = unrecorded.exchange(0, ordering: .relaxed)
        change { $0.record(total, at: now) }
    }

    /// Changes the controller, and stores the end of its window.
    private func change(_ change: (inout ConcurrencyController) -> Void) {
        let end = state.change { state in
            change(&state.controller)
            return state.controller.windowEnd
        }
        windowEnd.store(end.nanoseconds, ordering: .relaxed)
    }

    /// Records the time from a request to its response.
    func respond(after latency: Duration) {
        change { $0.respond(after: latency) }
    }

    /// Records that the host throttled an operation, or that its connection failed.
    ///
    /// - Parameters:
    ///   - epoch: The epoch in which the operation began; `nil` for the current one.
    ///   - minimum: The number below which the limit is not reduced.
    func throttled(began epoch: ConcurrencyController.Epoch? = nil, keeping minimum: Int = 1) {
        let now = now()
        change { $0.throttled(began: epoch ?? $0.epoch, keeping: minimum, at: now) }
    }
}

/// A permit to transfer a body.
private final class LimitedTransfer: TransferPermit {
    private enum Progress {
        case waiting
        case started(at: Duration)
        case responded
        case released
    }

    private let limiter: ConcurrencyLimiter
    private let progress = Mutex(Progress.waiting)

    init(in limiter: ConcurrencyLimiter) {
        self.limiter = limiter
    }

    deinit {
        release()
    }

    func start() {
        let now = limiter.now()
        let isFirst = progress.withLock { progress in
            guard case .waiting = progress else { return false }
            progress = .started(at: now)
            return true
        }
        if isFirst { _ = limiter.begin() }
    }

    func respond() {
        let start = progress.withLock { progress -> Duration? in
            guard case .started(let start) = progress else { return nil }
            progress = .responded
            return start
        }
        if let start { limiter.respond(after: limiter.now() - start) }
    }

    func release() {
        let last = progress.withLock { progress in
            defer { progress = .released }
            return progress
        }
        switch last {
        case .released: return
        case .waiting: break
        case .started, .responded: limiter.end()
        }
        limiter.release()
    }
}

extension Duration {
    /// The duration in nanoseconds, at most about 292 years.
    fileprivate var nanoseconds: Int64 {
        Int64(clamping: attoseconds / 1_000_000_000)
    }
}
