// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import AsyncPrimitives

/// An HTTP/1.1 server on a free loopback port that forwards to a registry and injects one fault.
public final class FaultProxy: Sendable {
    /// The statistics of a proxy.
    public struct Tally: Sendable {
        /// The number of requests.
        public let requests: Int
        /// The number of requests to which the fault applied.
        public let strikes: Int
        /// The sum of the `Retry-After` values in seconds.
        public let secondsAskedFor: Int
    }

    /// The state that the threads share.
    private final class Shared: Sendable {
        let plan: Mutex<FaultPlan>
        let door: Mutex<WireServer?> = Mutex(nil)
        let start = ContinuousClock.now

        init(_ plan: FaultPlan) { self.plan = Mutex(plan) }
    }

    /// The port that clients connect to.
    public let port: UInt16
    private let shared: Shared
    /// The port that blobs are redirected to.
    private let elsewhere: WireServer

    /// Starts a proxy in front of 127.0.0.1:`upstream`.
    ///
    /// - Parameters:
    ///   - upstream: The registry's port.
    ///   - fault: The fault to inject.
    ///   - only: A substring of the addresses that `cutOne` and `corruptOne` apply to.
    ///   - port: The port that clients connect to; 0 for a free port.
    /// - Throws: ``WireClosed`` if no port is available.
    public init(
        before upstream: UInt16, _ fault: ProxyFault, only: String? = nil, port: UInt16 = 0
    ) throws(WireClosed) {
        let shared = Shared(FaultPlan(fault, only: only))
        let elsewhere = try WireServer { connection throws(WireClosed) in
            while true {
                let relay = Relay(try connection.readHead(), from: connection, to: upstream)
                let isBare = relay.request.authorization == nil
                try relay.perform(isBare ? .pass : .answer(400))
            }
        }
        let script: WireServer.Script = {
            [otherPort = elsewhere.port] connection throws(WireClosed) in
            while true {
                let relay = Relay(
                    try connection.readHead(), from: connection, to: upstream,
                    blobs: otherPort)
                let now = ContinuousClock.now - shared.start
                let action = shared.plan.withLock { $0.decide(relay.request, at: now) }
                if case .refuse(let seconds) = action { return Self.shut(shared, seconds) }
                try relay.perform(action)
            }
        }
        let server = try WireServer(port: port, script)
        self.port = server.port
        self.shared = shared
        self.elsewhere = elsewhere
        shared.door.withLock { $0 = server }
    }

    deinit { stop() }

    /// The host and port for references.
    public var host: String { "127.0.0.1:\(port)" }

    /// The current statistics.
    public var tally: Tally {
        shared.plan.withLock {
            Tally(
                requests: $0.requests, strikes: $0.strikes,
                secondsAskedFor: $0.secondsAskedFor)
        }
    }

    /// Closes all connections and stops listening.
    public func stop() {
        elsewhere.stop()
        shared.door.withLock { door in
            door?.stop()
            door = nil
        }
    }

    /// Rejects connections for a while, then accepts them again on the same port.
    private static func shut(_ shared: Shared, _ seconds: Int) {
        guard let server = shared.door.withLock({ $0 }) else { return }
        server.stop()
        WireThread.start {
            sleep(UInt32(seconds))
            shared.door.withLock { door in
                // If the proxy was stopped meanwhile, it stays stopped.
                guard door != nil else { return }
                door = try? server.again()
            }
        }
    }
}
