// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Registry
internal import AsyncPrimitives

/// A host to which requests are paused.
struct ThrottledHost: Hashable, Sendable {
    let host: String
    /// The reason, as one line with control characters escaped.
    let reason: String
    /// The time until requests resume.
    let remaining: Duration
}

/// A thread-safe collection of the hosts that are throttled.
final class ThrottledHosts: Sendable {
    private struct Entry {
        let reason: String
        /// The time on the clock of `now` at which requests resume.
        let until: Duration
    }

    private let entries = Mutex<[String: Entry]>([:])
    private let now: @Sendable () -> Duration

    init(now: @escaping @Sendable () -> Duration) {
        self.now = now
    }

    /// Records the pause of an event.
    ///
    /// - Returns: A Boolean value that indicates whether requests to the host were already paused.
    @discardableResult func record(_ event: RegistryEvent) -> Bool {
        guard case .retryWaiting(let host, let reason, let duration) = event else { return false }
        let now = now()
        return entries.withLock { entries in
            let existing = entries[host.name]
            if existing.map({ $0.until < now + duration }) ?? true {
                entries[host.name] = Entry(reason: reason, until: now + duration)
            }
            return existing.map { $0.until > now } ?? false
        }
    }

    /// The hosts that are throttled now, sorted by name.
    var current: [ThrottledHost] {
        let now = now()
        return entries.withLock { entries in
            entries = entries.filter { $0.value.until > now }
            return entries.map {
                ThrottledHost(
                    host: $0.key, reason: $0.value.reason, remaining: $0.value.until - now)
            }.sorted { $0.host < $1.host }
        }
    }
}
