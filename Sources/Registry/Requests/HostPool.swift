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
    /// The other parameters are used when it is created.
    func throttle(
        for origin: Origin, policy: RetryPolicy, concurrency: Int = HostPool.concurrency
    ) -> HostThrottle {
        withHost(origin) { host in
            if let throttle = host.throttle { return throttle }
            let throttle = HostThrottle(
                concurrency: concurrency, policy: policy, time: time)
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
        let sent = SentRequest(request, kind, to: host, at: time.now())
        let response: HTTPResponse
        do {
            response = try await transport.send(try admit(request))
        } catch {
            if let error = error as? TransportError { record(error, of: sent) }
            // A request that was not sent to a host that is down is not counted.
            if (error as? TransportError)?.kind != .givenUp {
                reportEnd(of: sent, status: nil, byteCount: 0)
            }
            throw error
        }
        let isOutage = RetryPolicy.transientStatuses.contains(response.status)
        if isOutage { record(response.status, of: sent) }
        let recorder = ExchangeRecorder(
            of: sent, status: response.status, isRecorded: isOutage, in: self)
        let body = ObservedStream(response.body) { chunk, byteCount in
            recorder.receive(chunk, byteCount)
            if let chunk { downloads?.record(chunk.count) }
        }
        return HTTPResponse(
            status: response.status, fields: response.fields,
            body: ErrorMappingStream(body) { error in
                if !isOutage, let error = error as? TransportError { recorder.fail(error) }
                return error
            }, peer: response.peer)
    }

    /// Reports the end of an exchange.
    fileprivate func reportEnd(of sent: SentRequest, status: Int?, byteCount: Int) {
        let trace = RequestTrace(sent.method, sent.url, duration: time.now() - sent.start)
        events(
            .requestFinished(
                host: sent.host, kind: sent.kind, status: status, bytes: byteCount, trace: trace))
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
    ///   - sent: The request.
    ///   - inBody: A Boolean value that indicates whether the response had begun.
    fileprivate func record(
        _ error: TransportError, of sent: SentRequest, inBody: Bool = false
    ) {
        change(sent.url.origin) { health, now in
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
                failure, began: sent.began ?? now, at: now, reason: error.message, cause: error)
        }
    }

    /// Records a response with the status of a temporary failure.
    private func record(_ status: Int, of sent: SentRequest) {
        change(sent.url.origin) { health, now in
            health.fail(
                status == 429 ? .throttled : .outage, began: sent.began ?? now, at: now,
                reason: "status \(status)")
        }
    }

    /// Records a complete exchange, or one that was long enough.
    fileprivate func recordSuccess(of sent: SentRequest) {
        change(sent.url.origin) { $0.succeed(at: $1) }
    }
}

extension HTTPRequest {
    /// A Boolean value that indicates whether the request has no total time limit, or that of a
    /// commit, so that its duration says nothing about its host.
    fileprivate var mayTakeLong: Bool { isBulk || method == .put || method == .patch }
}

/// The properties of a request that are recorded with its end; it does not keep the body.
private struct SentRequest: Sendable {
    let method: HTTPMethod
    let url: HTTPURL
    let kind: RequestKind
    /// The name of the host in events.
    let host: String
    let start: Duration
    /// The time at which the request was sent, or `nil` if its duration is unlimited.
    let began: Duration?
    /// The number of bytes of content in the body.
    let byteCount: Int

    init(_ request: HTTPRequest, _ kind: RequestKind, to host: String, at start: Duration) {
        self.method = request.method
        self.url = request.url
        self.kind = kind
        self.host = host
        self.start = start
        self.began = request.mayTakeLong ? nil : start
        // The body of a token request is a credential, not content.
        self.byteCount = kind == .token ? 0 : request.body.length
    }
}

/// Counts the bytes of an exchange whose response has begun, and records its end.
///
/// A body may be read to its end, dropped halfway or never read. In each case the exchange ends
/// when the last reference to this object is released. Reading the body to the end, dropping it, or
/// receiving enough bytes is a success.
private final class ExchangeRecorder: Sendable {
    private let pool: HostPool
    private let sent: SentRequest
    private let status: Int
    private let bytes: Atomic<Int>
    private let isRecorded: Atomic<Bool>

    /// Creates the recorder of an exchange.
    ///
    /// - Parameters:
    ///   - sent: The request.
    ///   - status: The status of the response.
    ///   - isRecorded: A Boolean value that indicates whether the status already was a failure.
    ///   - pool: The pool that records the result.
    init(of sent: SentRequest, status: Int, isRecorded: Bool, in pool: HostPool) {
        self.pool = pool
        self.sent = sent
        self.status = status
        self.bytes = Atomic(sent.byteCount)
        self.isRecorded = Atomic(isRecorded)
    }

    deinit {
        succeed()
        pool.reportEnd(of: sent, status: status, byteCount: bytes.load(ordering: .relaxed))
    }

    func receive(_ chunk: [UInt8]?, _ byteCount: Int) {
        if let chunk { bytes.add(chunk.count, ordering: .relaxed) }
        if chunk == nil || byteCount >= ResumingBody.progress { succeed() }
    }

    func fail(_ error: TransportError) {
        isRecorded.store(true, ordering: .relaxed)
        pool.record(error, of: sent, inBody: true)
    }

    private func succeed() {
        if !isRecorded.exchange(true, ordering: .relaxed) { pool.recordSuccess(of: sent) }
    }
}
