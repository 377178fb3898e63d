// SPDX-License-Identifier: Apache-2.0

internal import CCurl
internal import HTTP

/// One transfer of libcurl.
///
/// It is used only on the event loop's thread, from `start` to `remove`.
final class CurlTransfer {
    let exchange: HTTPExchange
    let easy = EasyHandle()
    private let proxy: Proxy?
    private let addressScope: AddressScope
    private var body: RequestBody
    private var head = ResponseHead()
    private var isHeadDelivered = false
    private var isReceivingPaused = false
    private var isSendingPaused = false
    private var receivedBytes: Int64 = 0
    /// The last address that was rejected.
    private var rejectedAddress: IPAddress?
    private var wasPermitted = false
    /// The reason why a callback aborted the transfer, which libcurl's result code does not
    /// include.
    private var cause: TransportError?
    private var stallDetector: StallDetector
    private let activeTransfers: ActiveTransfers
    /// A Boolean value that indicates whether the event loop will call ``service(isIdle:)``.
    private var isActive = false
    /// The number of turns of the event loop for which received data was withheld.
    private var withheldTurns = 0

    /// The number of turns after which received data is no longer withheld, so that a slow transfer
    /// is not delayed by fast ones.
    private static let maximumWithheldTurns = 8

    init(
        _ exchange: HTTPExchange, _ configuration: CurlTransport.Configuration,
        permitsHTTP2: Bool, in activeTransfers: ActiveTransfers
    ) throws(TransportError) {
        let request = exchange.request
        self.exchange = exchange
        self.activeTransfers = activeTransfers
        body = RequestBody(exchange)
        stallDetector = StallDetector(request.timeouts, at: .now)
        let origin = request.url.origin
        guard request.addressScope.permits(origin) else {
            throw .addressNotPermitted(origin, at: origin.address)
        }
        proxy = configuration.proxies.proxy(for: origin)
        // A proxy is configured by the user, and the address of the origin behind it is unknown.
        addressScope = proxy == nil ? request.addressScope : .anywhere
        try easy.configure(
            for: request, configuration, permitsHTTP2: permitsHTTP2, through: proxy,
            bodyLength: body.length, bufferSize: exchange.bufferSize)
        try unsafe easy.setCallbacks(context: Unmanaged.passUnretained(self).toOpaque())
    }

    /// The interval between two calls of ``stall(at:)``.
    var checkInterval: Duration { stallDetector.interval }

    // MARK: What libcurl calls

    func receive(headerLine line: UnsafeRawBufferPointer) -> Bool {
        activate()
        do throws(TransportError) {
            try unsafe head.append(line)
            // Behind a tunnel, a response comes from the origin.
            if head.isComplete, head.status == 407, let proxy,
                exchange.request.url.origin.scheme == .http
            {
                throw proxy.rejection(status: 407)
            }
            return true
        } catch {
            cause = error
            return false
        }
    }

    func receive(body chunk: UnsafeRawBufferPointer) -> Bool {
        activate()
        isReceivingPaused = unsafe !exchange.response.append(chunk)
        if !isReceivingPaused { receivedBytes += Int64(chunk.count) }
        return !isReceivingPaused
    }

    func send(into buffer: UnsafeMutableRawBufferPointer) -> UploadQueue.ReadResult {
        activate()
        let reading = unsafe body.read(into: buffer)
        isSendingPaused = reading == .empty
        return reading
    }

    func rewind() -> Bool { body.rewind() }

    /// Returns whether a socket may be opened to an address of the origin or the proxy.
    func mayConnect(to address: IPAddress?) -> Bool {
        let isPermitted = permits(address)
        if isPermitted { wasPermitted = true }
        return isPermitted
    }

    /// Returns whether the request may be sent on its connection.
    func maySend(to peer: IPAddress?) -> Bool {
        guard permits(peer) else {
            cause = .addressNotPermitted(exchange.request.url.origin, at: peer)
            return false
        }
        if proxy == nil { head.peer = peer }
        return true
    }

    /// A restricted request must not be sent to an address that cannot be parsed.
    private func permits(_ address: IPAddress?) -> Bool {
        let isPermitted = address.map(addressScope.permits) ?? (addressScope == .anywhere)
        if !isPermitted { rejectedAddress = address }
        return isPermitted
    }

    // MARK: What the event loop calls, outside every callback

    /// Requests a call of ``service(isIdle:)`` after libcurl has done everything that is possible.
    func activate() {
        guard !isActive else { return }
        isActive = true
        activeTransfers.add(self)
    }

    /// Delivers received data, and resumes paused directions.
    ///
    /// Data that does not fill half of the buffer is withheld while more may follow immediately, so
    /// that the reader is resumed less often.
    ///
    /// - Parameter isIdle: A Boolean value that indicates whether no more data is available now.
    func service(isIdle: Bool) {
        isActive = false
        deliverHead(isEnding: false)
        withheldTurns += 1
        if exchange.response.wakeReader(
            withAnyData: isIdle || withheldTurns >= Self.maximumWithheldTurns)
        {
            withheldTurns = 0
        } else {
            activate()
        }
        exchange.upload?.wakeWriter()
        let resumesReceiving = isReceivingPaused && exchange.response.hasSpace
        let resumesSending = isSendingPaused && (exchange.upload?.isReady ?? true)
        guard resumesReceiving || resumesSending else { return }
        // libcurl calls the callbacks from within `pause`, so the flags must be set before.
        if resumesReceiving { isReceivingPaused = false }
        if resumesSending { isSendingPaused = false }
        easy.pause(receiving: isReceivingPaused, sending: isSendingPaused)
    }

    /// Returns the result of a transfer that libcurl has completed.
    func result(_ code: CURLcode) -> Result<Void, any Error> {
        if let cause { return .failure(cause) }
        deliverHead(isEnding: code == CURLE_OK)
        guard code != CURLE_OK else {
            return isHeadDelivered
                ? .success(())
                : .failure(
                    TransportError(.interrupted, "connection closed within the response header"))
        }
        if code == CURLE_COULDNT_CONNECT, let rejectedAddress, !wasPermitted {
            return .failure(
                TransportError.addressNotPermitted(exchange.request.url.origin, at: rejectedAddress)
            )
        }
        return .failure(CurlError.error(code, of: easy, through: proxy))
    }

    /// Delivers the end of the response to the task.
    func finish(_ result: Result<Void, any Error>) {
        exchange.upload?.close()
        exchange.response.finish(result)
    }

    /// Returns an error if the exchange has made no progress for too long, else `nil`.
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
        let sample = StallDetector.Sample(
            phase: phase, movedBytes: sent + receivedBytes + Int64(head.byteCount),
            // The body cannot be read before the head is delivered, so a full buffer is a stall.
            isWaitingForClient: isSendingPaused || (isReceivingPaused && isHeadDelivered),
            isErrorBody: head.isComplete && head.status >= 300)
        return stallDetector.add(sample, at: now)
    }

    /// Delivers a complete head, and ends the upload.
    ///
    /// A response with a status of 300 or above may arrive before the upload is complete, and is
    /// final. A success is withheld until the upload is complete.
    private func deliverHead(isEnding: Bool) {
        guard head.isComplete, !isHeadDelivered, isEnding || head.status >= 300 || body.isSent
        else { return }
        isHeadDelivered = true
        exchange.upload?.close()
        exchange.response.deliver(head)
    }
}
