// SPDX-License-Identifier: Apache-2.0

internal import CCurl
internal import HTTP

/// One exchange in libcurl's hands.
///
/// It lives on the loop's thread only, from `start` to `remove`.
final class CurlTransfer {
    let exchange: HTTPExchange
    let easy = EasyHandle()
    private let proxy: Proxy?
    private let reach: AddressScope
    private var body: RequestBody
    private var head = ResponseHead()
    private var isHeadDelivered = false
    private var isReceivingPaused = false
    private var isSendingPaused = false
    private var receivedBytes: Int64 = 0
    /// The address that was kept from last.
    private var refused: IPAddress?
    private var wasPermitted = false
    /// Why a callback made libcurl stop; libcurl itself knows only that it did.
    private var cause: TransportError?
    private var clock: StallDetector

    init(_ exchange: HTTPExchange, _ configuration: CurlTransport.Configuration)
        throws(TransportError)
    {
        let request = exchange.request
        self.exchange = exchange
        body = RequestBody(exchange)
        clock = StallDetector(request.timeouts, at: .now)
        let origin = request.url.origin
        guard request.reach.mayReach(origin) else {
            throw .outOfReach(origin, at: origin.address)
        }
        proxy = configuration.proxies.proxy(for: origin)
        // A proxy is the user's own; what lies behind it is not seen from here.
        reach = proxy == nil ? request.reach : .anywhere
        try easy.configure(
            for: request, configuration, through: proxy, bodyLength: body.length)
        try unsafe easy.setCallbacks(context: Unmanaged.passUnretained(self).toOpaque())
    }

    /// How often ``stall(at:)`` should be asked.
    var watchInterval: Duration { clock.interval }

    // MARK: What libcurl calls

    func receive(headerLine line: UnsafeRawBufferPointer) -> Bool {
        do throws(TransportError) {
            try unsafe head.append(line)
            // Behind a tunnel, an answer is the origin's.
            if head.isComplete, head.status == 407, let proxy,
                exchange.request.url.origin.scheme == .http
            {
                throw proxy.refusal(status: 407)
            }
            return true
        } catch {
            cause = error
            return false
        }
    }

    func receive(body piece: UnsafeRawBufferPointer) -> Bool {
        isReceivingPaused = unsafe !exchange.answer.append(piece)
        if !isReceivingPaused { receivedBytes += Int64(piece.count) }
        return !isReceivingPaused
    }

    func send(into space: UnsafeMutableRawBufferPointer) -> UploadQueue.Reading {
        let reading = unsafe body.read(into: space)
        isSendingPaused = reading == .dry
        return reading
    }

    func rewind() -> Bool { body.rewind() }

    /// Whether a socket may be opened to an address of the origin's or the proxy's.
    func mayConnect(to address: IPAddress?) -> Bool {
        let isPermitted = permits(address)
        if isPermitted { wasPermitted = true }
        return isPermitted
    }

    /// Whether the request may be sent on the connection that it was given.
    func maySend(to peer: IPAddress?) -> Bool {
        guard permits(peer) else {
            cause = .outOfReach(exchange.request.url.origin, at: peer)
            return false
        }
        if proxy == nil { head.peer = peer }
        return true
    }

    /// An address that cannot be read is none that a limited request may be carried to.
    private func permits(_ address: IPAddress?) -> Bool {
        let isPermitted = address.map(reach.permits) ?? (reach == .anywhere)
        if !isPermitted { refused = address }
        return isPermitted
    }

    // MARK: What the reactor calls, outside every callback

    /// Passes on what came, and unpauses what may go on.
    ///
    /// - Returns: whether something was unpaused.
    func service() -> Bool {
        deliverHead(isEnding: false)
        exchange.answer.wakeReader()
        exchange.upload?.wakeWriter()
        let resumesReceiving = isReceivingPaused && exchange.answer.hasRoom
        let resumesSending = isSendingPaused && (exchange.upload?.isReady ?? true)
        guard resumesReceiving || resumesSending else { return false }
        // libcurl calls back from within `pause`, so the flags must be right before.
        if resumesReceiving { isReceivingPaused = false }
        if resumesSending { isSendingPaused = false }
        easy.pause(receiving: isReceivingPaused, sending: isSendingPaused)
        return true
    }

    /// Returns how a transfer ended that libcurl is done with.
    func result(_ code: CURLcode) -> Result<Void, any Error> {
        if let cause { return .failure(cause) }
        deliverHead(isEnding: code == CURLE_OK)
        guard code != CURLE_OK else {
            return isHeadDelivered
                ? .success(())
                : .failure(TransportError(.interrupted, "the connection ended within the header"))
        }
        if code == CURLE_COULDNT_CONNECT, let refused, !wasPermitted {
            return .failure(
                TransportError.outOfReach(exchange.request.url.origin, at: refused))
        }
        return .failure(CurlError.error(code, of: easy, through: proxy))
    }

    /// Tells the task that nothing more will come.
    func finish(_ result: Result<Void, any Error>) {
        exchange.upload?.close()
        exchange.answer.finish(result)
    }

    /// Returns an error where the exchange has stood still for too long.
    func stall(at now: ContinuousClock.Instant) -> TransportError? {
        let sent = easy.offset(CURLINFO_SIZE_UPLOAD_T)
        let phase: StallDetector.Phase =
            if head.isComplete {
                .receiving
            } else if easy.offset(CURLINFO_PRETRANSFER_TIME_T) == 0 {
                .connecting
            } else if sent < body.length ?? 0 {
                .sending
            } else {
                .waiting
            }
        let reading = StallDetector.Reading(
            phase: phase, movedBytes: sent + receivedBytes + Int64(head.byteCount),
            // Before the head is delivered nobody can read, so a full buffer is no excuse.
            isHeldByUs: isSendingPaused || (isReceivingPaused && isHeadDelivered),
            isExplanation: head.isComplete && head.status >= 300)
        return clock.read(reading, at: now)
    }

    /// Delivers a complete head, and ends the upload.
    ///
    /// An answer of 300 and above may come early and is then all that counts. A success before the
    /// end of the body says nothing yet: it is kept until the body is through.
    private func deliverHead(isEnding: Bool) {
        guard head.isComplete, !isHeadDelivered, isEnding || head.status >= 300 || body.isSent
        else { return }
        isHeadDelivered = true
        exchange.upload?.close()
        exchange.answer.deliver(head)
    }
}
