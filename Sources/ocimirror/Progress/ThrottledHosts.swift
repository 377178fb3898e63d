// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Registry
internal import Synchronization

/// A host that nothing is asked of before a certain time.
struct ThrottledHost: Hashable, Sendable {
    let host: String
    /// Why, as one line that is safe to show.
    let reason: String
    /// How long it is still left alone.
    let left: Duration
}

/// The hosts that are waited for, as registries' answers tell.
final class ThrottledHosts: Sendable {
    private struct Closed {
        let reason: String
        let until: Duration
    }

    private let closed = Mutex<[String: Closed]>([:])
    private let now: @Sendable () -> Duration

    init(now: @escaping @Sendable () -> Duration) {
        self.now = now
    }

    func note(_ event: RegistryEvent) {
        guard case .retryWaiting(let host, let reason, let duration) = event else { return }
        let until = now() + duration
        closed.withLock { closed in
            if let known = closed[host.name], known.until >= until { return }
            closed[host.name] = Closed(reason: reason, until: until)
        }
    }

    /// Those that are waited for now, sorted by name.
    var current: [ThrottledHost] {
        let now = now()
        return closed.withLock { closed in
            closed = closed.filter { $0.value.until > now }
            return closed.map {
                ThrottledHost(host: $0.key, reason: $0.value.reason, left: $0.value.until - now)
            }.sorted { $0.host < $1.host }
        }
    }
}
