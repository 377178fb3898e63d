// SPDX-License-Identifier: Apache-2.0

internal import CCurl
internal import HTTP

/// The event loop of the libcurl thread.
///
/// Only this thread uses transfers and libcurl.
final class CurlEventLoop {
    private let inbox: Inbox
    private let multi: MultiHandle
    private let configuration: CurlTransport.Configuration
    private var transfers: [ObjectIdentifier: CurlTransfer] = [:]
    private let activeTransfers = ActiveTransfers()
    private var keptConnections: Int
    /// The number of transfers from which this thread runs the tasks that feed uploads: four copies
    /// have eight.
    private static let manyTransfers = 8
    private var nextStallCheck = ContinuousClock.now
    /// The origins that have used HTTP/2: `true` if it has worked, `false` if it has only failed,
    /// for example behind a proxy that negotiates it without supporting it.
    private var supportsHTTP2: [Origin: Bool] = [:]

    init(_ inbox: Inbox, _ multi: MultiHandle, _ configuration: CurlTransport.Configuration) {
        self.inbox = inbox
        self.multi = multi
        self.configuration = configuration
        self.keptConnections = configuration.keptConnections
    }

    /// Runs until the inbox is closed.
    func run() {
        var untilStallCheck: Int32 = 0
        var loadMeter = LoadMeter(at: .now)
        while let messages = inbox.runJobs() {
            messages.forEach(handle)
            inbox.record(runsJobs: transfers.count >= Self.manyTransfers && !loadMeter.isBusy)
            let mayWait = activeTransfers.isEmpty && inbox.prepareToWait()
            let activity = multi.perform(waiting: mayWait ? untilStallCheck : 0)
            inbox.endWait()
            if activity == .failed { failAll("libcurl event loop failed") }
            while let (transfer, code) = multi.nextDone() { end(transfer, code) }
            service(isIdle: activity == .idle)
            let now = ContinuousClock.now
            loadMeter.measure(at: now)
            // After the data that arrived while this thread did not run, such as a stopped process.
            untilStallCheck = checkStalls(at: now)
        }
        failAll("transport closed")
        multi.close()
    }

    private func failAll(_ reason: String) {
        for transfer in transfers.values {
            remove(transfer)
            transfer.finish(.failure(TransportError(.interrupted, reason)))
        }
    }

    private func handle(_ message: Inbox.Message) {
        switch message {
        case .resume(let exchange):
            // `service` handles a known transfer; it must not be resumed before `perform`.
            if let transfer = transfers[ObjectIdentifier(exchange)] {
                transfer.activate()
            } else {
                start(exchange)
            }
        case .stop(let exchange):
            guard let transfer = transfers[ObjectIdentifier(exchange)] else { return }
            remove(transfer)
            transfer.finish(.failure(CancellationError()))
        }
    }

    private func start(_ exchange: HTTPExchange) {
        guard !exchange.response.isFinished else { return }
        do {
            let origin = exchange.request.url.origin
            let transfer = try CurlTransfer(
                exchange, configuration, permitsHTTP2: supportsHTTP2[origin] ?? true,
                in: activeTransfers)
            guard multi.add(transfer.easy) else {
                throw TransportError(.connect, "libcurl rejected the transfer")
            }
            transfers[ObjectIdentifier(exchange)] = transfer
            keepConnections()
            nextStallCheck = min(nextStallCheck, .now + transfer.checkInterval)
        } catch {
            exchange.upload?.close()
            exchange.response.finish(.failure(error))
        }
    }

    /// Keeps two connections for each concurrent exchange, so that those to one host stay open
    /// while others are used.
    private func keepConnections() {
        guard transfers.count * 2 > keptConnections else { return }
        keptConnections = transfers.count * 2
        multi.keep(connections: keptConnections)
    }

    private func end(_ transfer: CurlTransfer, _ code: CURLcode) {
        recordVersion(of: transfer, code)
        let result = transfer.result(code)
        remove(transfer)
        transfer.finish(result)
    }

    /// Records whether HTTP/2 works at the origin of a transfer.
    ///
    /// A connection that is closed later, such as by a restarting load balancer, changes nothing.
    private func recordVersion(of transfer: CurlTransfer, _ code: CURLcode) {
        let origin = transfer.exchange.request.url.origin
        guard origin.scheme == .https, !transfer.exchange.request.isBulk else { return }
        if code == CURLE_OK, transfer.easy.long(CURLINFO_HTTP_VERSION) == CURL_HTTP_VERSION_2_0 {
            supportsHTTP2[origin] = true
        } else if code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM, supportsHTTP2[origin] == nil {
            supportsHTTP2[origin] = false
        }
    }

    /// Removes a transfer from libcurl.
    ///
    /// No callback uses it from here on.
    private func remove(_ transfer: CurlTransfer) {
        multi.remove(transfer.easy)
        transfers[ObjectIdentifier(transfer.exchange)] = nil
    }

    /// Delivers received data of active transfers to the tasks, and resumes paused transfers.
    ///
    /// - Parameter isIdle: A Boolean value that indicates whether no more data is available now.
    private func service(isIdle: Bool) {
        for transfer in activeTransfers.takeAll()
        where transfers[ObjectIdentifier(transfer.exchange)] === transfer {
            transfer.service(isIdle: isIdle)
        }
    }

    /// Ends stalled transfers, and returns the time until the next check in milliseconds.
    private func checkStalls(at now: ContinuousClock.Instant) -> Int32 {
        guard !transfers.isEmpty else { return .max }
        if now >= nextStallCheck {
            for transfer in transfers.values {
                guard let error = transfer.stall(at: now) else { continue }
                remove(transfer)
                transfer.finish(.failure(error))
            }
            let interval = transfers.values.lazy.map(\.checkInterval).min() ?? .seconds(1)
            nextStallCheck = now + interval
        }
        let wait = (nextStallCheck - now).components
        return Int32(clamping: wait.seconds * 1000 + wait.attoseconds / 1_000_000_000_000_000 + 1)
    }
}

/// The transfers with new data or a new message from their task.
final class ActiveTransfers {
    private var transfers: [CurlTransfer] = []

    func add(_ transfer: CurlTransfer) {
        transfers.append(transfer)
    }

    /// A Boolean value that indicates whether there are none.
    var isEmpty: Bool { transfers.isEmpty }

    /// Removes and returns all transfers.
    func takeAll() -> [CurlTransfer] {
        defer { transfers = [] }
        return transfers
    }
}
