// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// A request and its response, shared by the task and the event loop's thread.
final class HTTPExchange: Sendable {
    let request: HTTPRequest
    let answer: ResponseChannel
    /// The queue of a streamed body; `nil` if the body is in memory or there is none.
    let upload: UploadQueue?

    init(_ request: HTTPRequest) {
        self.request = request
        answer = ResponseChannel(isBulk: request.isBulk)
        if case .stream = request.body { upload = UploadQueue() } else { upload = nil }
    }
}

/// The task's reference to an exchange; releasing it cancels the exchange.
final class ExchangeLease: Sendable {
    let exchange: HTTPExchange
    /// Keeps the thread running while the body may be read.
    private let loop: CurlThread

    init(_ exchange: HTTPExchange, on loop: CurlThread) {
        self.exchange = exchange
        self.loop = loop
    }

    deinit {
        guard !exchange.answer.isOver else { return }
        loop.inbox.post(.stop(exchange))
    }

    /// Starts the exchange, or resumes a paused one.
    func resume() {
        loop.inbox.post(.resume(exchange))
    }

    /// Cancels the exchange of a canceled task.
    func cancel() {
        exchange.answer.cancel()
        exchange.upload?.close()
        loop.inbox.post(.stop(exchange))
    }

    /// Ends the exchange with the error of the request's body, which the task then throws.
    func fail(_ error: any Error) {
        guard exchange.upload?.close() != false else { return }
        exchange.answer.finish(.failure(error))
        loop.inbox.post(.stop(exchange))
    }
}
