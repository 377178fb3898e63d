// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import AsyncPrimitives

/// The throttle of each host, shared by all its clients: a registry, and others that use its
/// token server.
final class HostThrottles: Sendable {
    /// The upper bound of concurrent requests to hosts without a setting.
    static let concurrency = RegistryProfile().concurrency

    private let time: RetryTiming
    private let throttles = Mutex<[Origin: HostThrottle]>([:])

    init(time: RetryTiming) {
        self.time = time
    }

    /// Returns the throttle of a host.
    ///
    /// `concurrency` is used when it is created.
    func throttle(for origin: Origin, concurrency: Int) -> HostThrottle {
        throttles.withLock { throttles in
            if let throttle = throttles[origin] { return throttle }
            let throttle = HostThrottle(concurrency: concurrency, time: time)
            throttles[origin] = throttle
            return throttle
        }
    }
}
