// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// One request and what comes of it, as both the task and the loop's thread see it.
final class HTTPExchange: Sendable {
    let request: HTTPRequest
    let answer: ResponseChannel
    /// The way of a streamed body; nil where the body is in memory, or there is none.
    let upload: UploadQueue?

    init(_ request: HTTPRequest) {
        self.request = request
        answer = ResponseChannel(isBulk: request.isBulk)
        if case .stream = request.body { upload = UploadQueue() } else { upload = nil }
    }
}

/// The task's hold on an exchange: letting go of it ends the exchange, wherever it stands.
final class ExchangeLease: Sendable {
    let exchange: HTTPExchange
    /// Keeps the loop running for as long as somebody may read.
    private let loop: CurlThread

    init(_ exchange: HTTPExchange, on loop: CurlThread) {
        self.exchange = exchange
        self.loop = loop
    }

    deinit {
        guard !exchange.answer.isOver else { return }
        loop.inbox.post(.stop(exchange))
    }

    /// Begins the exchange, or lets a paused one go on.
    func resume() {
        loop.inbox.post(.resume(exchange))
    }

    /// Ends the exchange for a task that was cancelled.
    func cancel() {
        exchange.answer.cancel()
        exchange.upload?.close()
        loop.inbox.post(.stop(exchange))
    }

    /// Ends the exchange because its own body failed; the error is what the task gets to see.
    func fail(_ error: any Error) {
        guard exchange.upload?.close() != false else { return }
        exchange.answer.finish(.failure(error))
        loop.inbox.post(.stop(exchange))
    }
}
