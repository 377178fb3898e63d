// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Every request that a server saw, in the order in which the heads arrived.
final class Ledger: Sendable {
    private struct State {
        var requests: [RecordedRequest] = []
        /// How many requests at the beginning were to be forgotten.
        var forgotten = 0
        var parallel = 0
        var maximumParallel = 0
        var watchers: [Watcher] = []
    }

    /// Someone who waits until enough requests match a pattern.
    private struct Watcher {
        let pattern: RequestPattern
        var missing: Int
        let notify: @Sendable () -> Void
    }

    private let state = Mutex(State())

    var requests: [RecordedRequest] { state.withLock { Array($0.requests[$0.forgotten...]) } }

    /// The greatest number of requests that were unanswered at one time.
    ///
    /// A request counts until the last byte of its answer is handed to the socket, so a client that
    /// begins the next one at once is never counted twice.
    var maximumParallel: Int { state.withLock { $0.maximumParallel } }

    /// Writes down a request and returns it with its place in the order.
    func begin(_ request: RecordedRequest) -> RecordedRequest {
        let (request, satisfied) = state.withLock { state in
            var request = request
            request.order = state.requests.count
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
        state.withLock { change(&$0.requests[order]) }
    }

    /// Notes that a request is no longer under way.
    func end() {
        state.withLock { $0.parallel -= 1 }
    }

    /// Calls `notify` as soon as `count` requests match, at once where they already did.
    func watch(
        for pattern: RequestPattern, count: Int, notify: @escaping @Sendable () -> Void
    ) {
        let isThere = state.withLock { state in
            let missing = count - state.requests[state.forgotten...].count { pattern.matches($0) }
            guard missing > 0 else { return true }
            state.watchers.append(Watcher(pattern: pattern, missing: missing, notify: notify))
            return false
        }
        if isThere { notify() }
    }

    /// Forgets the requests so far, so that a second run can be counted alone.
    func forget() {
        state.withLock { state in
            state.forgotten = state.requests.count
            state.maximumParallel = state.parallel
        }
    }
}
