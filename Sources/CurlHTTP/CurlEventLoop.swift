// SPDX-License-Identifier: Apache-2.0

internal import CCurl
internal import Glibc
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
    private var nextStallCheck = ContinuousClock.now

    init(_ inbox: Inbox, _ multi: MultiHandle, _ configuration: CurlTransport.Configuration) {
        self.inbox = inbox
        self.multi = multi
        self.configuration = configuration
        self.keptConnections = configuration.keptConnections
    }

    /// Runs until the inbox is closed.
    func run() {
        while let messages = inbox.take() {
            messages.forEach(handle)
            if !multi.perform() { failAll("libcurl event loop failed") }
            while let (transfer, code) = multi.nextDone() { end(transfer, code) }
            if service() { continue }
            let milliseconds = checkStalls()
            guard inbox.prepareToWait() else { continue }
            // A wait that fails immediately must not become a busy loop.
            if !multi.poll(milliseconds: milliseconds) { usleep(10_000) }
            inbox.wakeUp()
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
            let transfer = try CurlTransfer(exchange, configuration, in: activeTransfers)
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
        let result = transfer.result(code)
        remove(transfer)
        transfer.finish(result)
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
    /// - Returns: Whether a transfer was resumed, so that `perform` must be called again.
    private func service() -> Bool {
        var hasMore = false
        for transfer in activeTransfers.takeAll()
        where transfers[ObjectIdentifier(transfer.exchange)] === transfer && transfer.service() {
            hasMore = true
        }
        return hasMore
    }

    /// Ends stalled transfers, and returns the time until the next check in milliseconds.
    private func checkStalls() -> Int32 {
        guard !transfers.isEmpty else { return .max }
        let now = ContinuousClock.now
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

    func takeAll() -> [CurlTransfer] {
        defer { transfers = [] }
        return transfers
    }
}
