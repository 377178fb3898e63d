// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives

/// All requests that a server received, in the order of their heads.
final class Ledger: Sendable {
    private struct State {
        /// The requests since the last call of `forget()`.
        var requests: [RecordedRequest] = []
        /// The number of requests before them.
        var forgotten = 0
        var parallel = 0
        var maximumParallel = 0
        var watchers: [Watcher] = []
    }

    /// A waiting test, resumed when enough requests match a pattern.
    private struct Watcher {
        let pattern: RequestPattern
        var missing: Int
        let notify: @Sendable () -> Void
    }

    private let state = Mutex(State())

    var requests: [RecordedRequest] { state.withLock { $0.requests } }

    /// The maximum number of concurrent requests.
    ///
    /// A request counts until the last byte of its response is handed to the socket, so a client
    /// that sends the next one immediately is not counted twice.
    var maximumParallel: Int { state.withLock { $0.maximumParallel } }

    /// Records a request and returns it with its number.
    func begin(_ request: RecordedRequest) -> RecordedRequest {
        let (request, satisfied) = state.withLock { state in
            var request = request
            request.order = state.forgotten + state.requests.count
            state.requests.append(request)
            state.parallel += 1
            state.maximumParallel = max(state.maximumParallel, state.parallel)
            for index in state.watchers.indices
            where state.watchers[index].pattern.matches(request) {
                state.watchers[index].missing -= 1
            }
            let satisfied = state.watchers.filter { $0.missing <= 0 }
            state.watchers.removeAll { $0.missing <= 0 }
            return (request, satisfied)
        }
        for watcher in satisfied { watcher.notify() }
        return request
    }

    func update(_ order: Int, _ change: (inout RecordedRequest) -> Void) {
        state.withLock { state in
            // A request that was forgotten while it was handled is not recorded any more.
            guard order >= state.forgotten else { return }
            change(&state.requests[order - state.forgotten])
        }
    }

    /// Records that a request is complete.
    func end() {
        state.withLock { $0.parallel -= 1 }
    }

    /// Calls `notify` as soon as `count` requests match.
    func watch(
        for pattern: RequestPattern, count: Int, notify: @escaping @Sendable () -> Void
    ) {
        let isThere = state.withLock { state in
            let missing = count - state.requests.count { pattern.matches($0) }
            guard missing > 0 else { return true }
            state.watchers.append(Watcher(pattern: pattern, missing: missing, notify: notify))
            return false
        }
        if isThere { notify() }
    }

    /// Discards the requests so far, so that a second run can be counted separately.
    func forget() {
        state.withLock { state in
            state.forgotten += state.requests.count
            state.requests = []
            state.maximumParallel = state.parallel
        }
    }
}
