// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import Synchronization

/// The throttle of each host, shared by all that talk to it: a registry, and whoever has its tokens
/// from there.
final class HostThrottles: Sendable {
    /// How many requests a host is sent at once that nobody has said anything about.
    static let concurrency = 6

    private let time: RetryTiming
    private let throttles = Mutex<[Origin: HostThrottle]>([:])

    init(time: RetryTiming) {
        self.time = time
    }

    /// Returns the throttle of a host; `concurrency` counts when it is asked for the first time.
    func throttle(for origin: Origin, concurrency: Int) -> HostThrottle {
        throttles.withLock { throttles in
            if let throttle = throttles[origin] { return throttle }
            let throttle = HostThrottle(concurrency: concurrency, time: time)
            throttles[origin] = throttle
            return throttle
        }
    }
}
