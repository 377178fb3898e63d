// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Synchronization

/// A server on a free loopback port that passes HTTP/1.1 on to a registry, with one fault.
public final class FaultProxy: Sendable {
    /// What a proxy did.
    public struct Tally: Sendable {
        /// How many requests came.
        public let requests: Int
        /// How many of them met the fault.
        public let strikes: Int
        /// The seconds that answers asked to wait, all added up.
        public let secondsAskedFor: Int
    }

    /// The parts that the threads hold on to.
    private final class Shared: Sendable {
        let plan: Mutex<FaultPlan>
        let door: Mutex<WireServer?> = Mutex(nil)
        let start = ContinuousClock.now

        init(_ plan: FaultPlan) { self.plan = Mutex(plan) }
    }

    /// The port that clients go to.
    public let port: UInt16
    private let shared: Shared
    /// Where blobs are redirected to.
    private let elsewhere: WireServer

    /// Starts a proxy in front of 127.0.0.1:`upstream`.
    ///
    /// - Parameters:
    ///   - upstream: the registry's port.
    ///   - fault: what happens to the traffic.
    ///   - only: part of the addresses that `cutOne` and `corruptOne` strike.
    ///   - port: the port that clients go to; 0 for a free one.
    /// - Throws: ``WireClosed`` where the system has no port.
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

    /// The host and port, as references name the registry.
    public var host: String { "127.0.0.1:\(port)" }

    /// What it did so far.
    public var tally: Tally {
        shared.plan.withLock {
            Tally(
                requests: $0.requests, strikes: $0.strikes,
                secondsAskedFor: $0.secondsAskedFor)
        }
    }

    /// Breaks every connection, and takes no more.
    public func stop() {
        elsewhere.stop()
        shared.door.withLock { door in
            door?.stop()
            door = nil
        }
    }

    /// Refuses every connection for a while, and then takes them again on the same port.
    private static func shut(_ shared: Shared, _ seconds: Int) {
        guard let server = shared.door.withLock({ $0 }) else { return }
        server.stop()
        WireThread.start {
            sleep(UInt32(seconds))
            shared.door.withLock { door in
                // A proxy that was stopped meanwhile stays so.
                guard door != nil else { return }
                door = try? server.again()
            }
        }
    }
}
