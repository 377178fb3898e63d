// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import HTTP
internal import struct Synchronization.Atomic

/// The hosts that a run sends requests to, with the throttle and the health of each.
///
/// All clients share them: a registry, and others that use its token server.
final class HostPool: Sendable {
    private struct Host {
        var health: HostHealth
        var throttle: HostThrottle?
    }

    /// The upper bound of concurrent requests to hosts without a setting.
    static let concurrency = RegistryProfile().concurrency

    /// The clock and the random numbers.
    let time: RetryTiming
    /// The handler of events.
    let events: @Sendable (RegistryEvent) -> Void
    private let transport: any HTTPTransport
    private let policy: RetryPolicy
    private let hosts = Mutex<[Origin: Host]>([:])

    init(
        transport: any HTTPTransport, policy: RetryPolicy, time: RetryTiming,
        events: @escaping @Sendable (RegistryEvent) -> Void
    ) {
        self.transport = transport
        self.policy = policy
        self.time = time
        self.events = events
    }

    /// Returns the throttle of a host.
    ///
    /// `concurrency` is used when it is created.
    func throttle(
        for origin: Origin, concurrency: Int = HostPool.concurrency
    ) -> HostThrottle {
        withHost(origin) { host in
            if let throttle = host.throttle { return throttle }
            let throttle = HostThrottle(concurrency: concurrency, time: time)
            host.throttle = throttle
            return throttle
        }
    }

    /// Returns the health of a host.
    func health(of origin: Origin) -> HostHealth { withHost(origin) { $0.health } }

    /// Sends a request, unless its host is down, and records what the response says about the host.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - kind: The kind of request, by which it is counted.
    ///   - host: The name of the host in events.
    ///   - downloads: The limiter that counts the bytes of the response, if there is one.
    /// - Returns: The response.
    /// - Throws: ``TransportError``, `CancellationError`, or the error of the request's body.
    func send(
        _ request: HTTPRequest, _ kind: RequestKind, to host: String,
        counting downloads: ConcurrencyLimiter? = nil
    ) async throws -> HTTPResponse {
        let (origin, start) = (request.url.origin, time.now())
        let began = request.mayTakeLong ? nil : start
        let finish = { @Sendable [self, method = request.method, url = request.url] in
            let trace = RequestTrace(method, url, duration: time.now() - start)
            events(.requestFinished(host: host, kind: kind, status: $0, bytes: $1, trace: trace))
        }
        let response: HTTPResponse
        do {
            response = try await transport.send(try admit(request))
        } catch {
            if let error = error as? TransportError { record(error, at: origin, began: began) }
            // A request that was not sent to a host that is down is not counted.
            if (error as? TransportError)?.kind != .givenUp { finish(nil, 0) }
            throw error
        }
        let isOutage = RetryPolicy.transientStatuses.contains(response.status)
        if isOutage { record(response.status, at: origin, began: began) }
        let exchange = Exchange(
            // The body of a token request is a credential, not content.
            sent: kind == .token ? 0 : request.body.length, isRecorded: isOutage,
            record: { [self] error in
                guard let error else { return change(origin) { $0.succeed(at: $1) } }
                record(error, at: origin, began: began, inBody: true)
            }, finish: { [status = response.status] in finish(status, $0) })
        let body = ObservedStream(response.body) { chunk, byteCount in
            exchange.receive(chunk, byteCount)
            if let chunk { downloads?.record(chunk.count) }
        }
        return HTTPResponse(
            status: response.status, fields: response.fields,
            body: ErrorMappingStream(body) { error in
                if !isOutage, let error = error as? TransportError { exchange.fail(error) }
                return error
            }, peer: response.peer)
    }

    // MARK: Health

    private func withHost<Value>(_ origin: Origin, _ body: (inout Host) -> Value) -> Value {
        hosts.withLock { hosts in
            body(&hosts[origin, default: Host(health: HostHealth(retryFor: policy.retryFor))])
        }
    }

    private func change(_ origin: Origin, _ change: (inout HostHealth, Duration) -> Void) {
        let now = time.now()
        let newReason = withHost(origin) { host in
            let wasDown = host.health.reasonGivenUp != nil
            change(&host.health, now)
            return wasDown ? nil : host.health.reasonGivenUp
        }
        if let newReason { events(.hostGivenUp(host: origin.authority, reason: newReason)) }
    }

    /// Returns the request with the time limits that the host's retry budget leaves.
    ///
    /// - Throws: ``TransportError`` with the kind `givenUp` if the host is down.
    private func admit(_ request: HTTPRequest) throws(TransportError) -> HTTPRequest {
        let health = health(of: request.url.origin)
        if let error = health.errorGivenUp { throw error }
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

    /// Records a failed exchange.
    ///
    /// - Parameters:
    ///   - error: The error.
    ///   - origin: The host.
    ///   - began: The time at which the request was sent, or `nil` if its duration is unlimited.
    ///   - inBody: A Boolean value that indicates whether the response had begun.
    private func record(
        _ error: TransportError, at origin: Origin, began: Duration?, inBody: Bool = false
    ) {
        change(origin) { health, now in
            let failure: HostHealth.Failure
            switch error.kind {
            case .connect, .resolve:
                let waits = policy.connectWaits(after: error.kind, wasReached: health.wasReached)
                failure = .connection(pauses: waits.map { $0 / 2 })
            case .interrupted, .timeout: failure = inBody ? .brokenBody : .outage
            case .tls, .certificateName, .certificateTime, .notTLS, .malformed, .tooLarge,
                .refused, .outOfReach, .givenUp:
                return
            }
            health.fail(
                failure, began: began ?? now, at: now, reason: error.message, cause: error)
        }
    }

    /// Records a response with the status of a temporary failure.
    private func record(_ status: Int, at origin: Origin, began: Duration?) {
        change(origin) { health, now in
            health.fail(
                status == 429 ? .throttled : .outage, began: began ?? now, at: now,
                reason: "status \(status)")
        }
    }
}

extension HTTPRequest {
    /// A Boolean value that indicates whether the request has no total time limit, or that of a
    /// commit, so that its duration says nothing about its host.
    fileprivate var mayTakeLong: Bool { isBulk || method == .put || method == .patch }
}

/// An exchange whose response has begun: counts its bytes, and reports its end.
///
/// A body may be read to its end, dropped halfway or never read. In each case the exchange ends
/// when the last reference to this object is released. Reading the body to the end, dropping it, or
/// receiving enough bytes is a success.
private final class Exchange: Sendable {
    private let bytes: Atomic<Int>
    private let isRecorded: Atomic<Bool>
    private let record: @Sendable (TransportError?) -> Void
    private let finish: @Sendable (_ bytes: Int) -> Void

    /// Creates an exchange.
    ///
    /// - Parameters:
    ///   - sent: The number of bytes of content in the request's body.
    ///   - isRecorded: A Boolean value that indicates whether the status already was a failure.
    ///   - record: Records a success, or the error of the body.
    ///   - finish: Reports the number of bytes when the exchange ends.
    init(
        sent: Int, isRecorded: Bool, record: @escaping @Sendable (TransportError?) -> Void,
        finish: @escaping @Sendable (Int) -> Void
    ) {
        self.bytes = Atomic(sent)
        self.isRecorded = Atomic(isRecorded)
        self.record = record
        self.finish = finish
    }

    deinit {
        succeed()
        finish(bytes.load(ordering: .relaxed))
    }

    func receive(_ chunk: [UInt8]?, _ byteCount: Int) {
        if let chunk { bytes.add(chunk.count, ordering: .relaxed) }
        if chunk == nil || byteCount >= ResumingBody.progress { succeed() }
    }

    func fail(_ error: TransportError) {
        isRecorded.store(true, ordering: .relaxed)
        record(error)
    }

    private func succeed() {
        if !isRecorded.exchange(true, ordering: .relaxed) { record(nil) }
    }
}
