// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import HTTP
internal import struct Synchronization.Atomic

/// The health of all hosts that a run sends requests to.
final class HostHealthMonitor: Sendable {
    private let policy: RetryPolicy
    private let time: RetryTiming
    private let events: @Sendable (RegistryEvent) -> Void
    private let hosts = Mutex<[Origin: HostHealth]>([:])

    init(
        policy: RetryPolicy, time: RetryTiming, events: @escaping @Sendable (RegistryEvent) -> Void
    ) {
        self.policy = policy
        self.time = time
        self.events = events
    }

    /// Returns the health of a host.
    func health(of origin: Origin) -> HostHealth {
        hosts.withLock { $0[origin] } ?? HostHealth(retryFor: policy.retryFor)
    }

    fileprivate func succeed(_ origin: Origin) {
        change(origin) { $0.succeed(at: $1) }
    }

    fileprivate func fail(
        _ origin: Origin, _ failure: HostHealth.Failure, began: Duration?, reason: String,
        cause: TransportError? = nil
    ) {
        change(origin) {
            $0.fail(failure, began: began ?? $1, at: $1, reason: reason, cause: cause)
        }
    }

    private func change(_ origin: Origin, _ change: (inout HostHealth, Duration) -> Void) {
        let now = time.now()
        let newReason = hosts.withLock { hosts in
            var health = hosts[origin] ?? HostHealth(retryFor: policy.retryFor)
            let wasDown = health.reasonGivenUp != nil
            change(&health, now)
            hosts[origin] = health
            return wasDown ? nil : health.reasonGivenUp
        }
        if let newReason { events(.hostGivenUp(host: origin.authority, reason: newReason)) }
    }

    /// Returns the error of requests to a host that is down, or `nil` if it is in use.
    func givenUp(_ origin: Origin) -> TransportError? {
        health(of: origin).errorGivenUp
    }

    /// Returns the request with the time limits that the host's retry budget leaves.
    ///
    /// - Throws: ``TransportError`` with the kind `givenUp` if the host is down.
    fileprivate func admit(_ request: HTTPRequest) throws(TransportError) -> HTTPRequest {
        if let error = givenUp(request.url.origin) { throw error }
        let health = health(of: request.url.origin)
        let left = health.left(at: time.now())
        guard health.isFailing, left > .zero else { return request }
        var request = request
        // A host that did not accept a connection in time rarely accepts the next one.
        if health.isUnreachable {
            request.timeouts.connect = min(request.timeouts.connect, HostHealth.connectTimeout)
        }
        // Tenths of a second, because the limit appears in messages.
        let tenths = left.attoseconds / 100_000_000_000_000_000
        let limit = max(
            Duration.milliseconds(Int64(clamping: tenths) * 100), HostHealth.shortestAttempt)
        if !request.mayTakeLong {
            request.timeouts.total = min(request.timeouts.total ?? limit, limit)
        } else if request.method == .get {
            request.timeouts.firstByte = min(request.timeouts.firstByte, limit)
        }
        return request
    }

    fileprivate func note(
        _ error: TransportError, at origin: Origin, began: Duration?, inBody: Bool = false
    ) {
        let failure: HostHealth.Failure
        switch error.kind {
        case .connect, .resolve:
            let wasReached = health(of: origin).wasReached
            let waits = policy.connectWaits(after: error.kind, wasReached: wasReached)
            failure = .connection(pauses: waits.map { $0 / 2 })
        case .interrupted, .timeout: failure = inBody ? .brokenBody : .outage
        case .tls, .certificateName, .certificateTime, .notTLS, .malformed, .tooLarge, .refused,
            .outOfReach, .givenUp:
            return
        }
        fail(origin, failure, began: began, reason: error.message, cause: error)
    }

    /// Records the status of a response if it indicates an outage, and returns whether it does.
    fileprivate func note(_ status: Int, at origin: Origin, began: Duration?) -> Bool {
        guard RetryPolicy.transientStatuses.contains(status) else { return false }
        fail(origin, status == 429 ? .throttled : .outage, began: began, reason: "status \(status)")
        return true
    }

    /// Returns the time at which a request starts to fail if it is sent now, or `nil` if its
    /// duration is unlimited.
    fileprivate func start(of request: HTTPRequest) -> Duration? {
        request.mayTakeLong ? nil : time.now()
    }
}

extension HTTPRequest {
    /// A Boolean value that indicates whether the request has no total time limit, or that of a
    /// commit, so that its duration says nothing about its host.
    fileprivate var mayTakeLong: Bool { isBulk || method == .put || method == .patch }
}

/// A transport that sends nothing to hosts that are down, and records the responses of all others.
struct MonitoredTransport: HTTPTransport {
    let base: any HTTPTransport
    let monitor: HostHealthMonitor

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let origin = request.url.origin
        let began = monitor.start(of: request)
        let response: HTTPResponse
        do {
            response = try await base.send(try monitor.admit(request))
        } catch let error as TransportError {
            monitor.note(error, at: origin, began: began)
            throw error
        }
        guard !monitor.note(response.status, at: origin, began: began) else { return response }
        let outcome = BodyOutcome { [monitor] error in
            guard let error else { return monitor.succeed(origin) }
            monitor.note(error, at: origin, began: began, inBody: true)
        }
        let observed = ObservedStream(response.body) { chunk, byteCount in
            if chunk == nil || byteCount >= ResumingBody.progress { outcome.succeed() }
        }
        let body = ErrorMappingStream(observed) { error in
            if let error = error as? TransportError { outcome.fail(error) }
            return error
        }
        return HTTPResponse(
            status: response.status, fields: response.fields, body: body, peer: response.peer)
    }
}

/// Reports once how the body of a response ended: reading it to the end, dropping it, or receiving
/// enough bytes is a success.
private final class BodyOutcome: Sendable {
    private let isReported = Atomic(false)
    private let report: @Sendable (TransportError?) -> Void

    init(_ report: @escaping @Sendable (TransportError?) -> Void) {
        self.report = report
    }

    deinit {
        succeed()
    }

    func succeed() {
        if !isReported.exchange(true, ordering: .relaxed) { report(nil) }
    }

    func fail(_ error: TransportError) {
        isReported.store(true, ordering: .relaxed)
        report(error)
    }
}
