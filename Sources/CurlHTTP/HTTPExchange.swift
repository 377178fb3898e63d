// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// A request and its response, shared by the task and the event loop's thread.
final class HTTPExchange: Sendable {
    let request: HTTPRequest
    let response: ResponseChannel
    /// The queue of a streamed body; `nil` if the body is in memory or there is none.
    let upload: UploadQueue?

    /// The size in bytes of each buffer of a large body, or `nil` for other requests.
    let bufferSize: Int?
    private let budget: BufferBudget

    init(_ request: HTTPRequest, _ budget: BufferBudget) {
        self.request = request
        self.budget = budget
        let bufferSize = request.isBulk ? budget.take(for: request.expectedLength) : nil
        self.bufferSize = bufferSize
        response = ResponseChannel(bufferSize: bufferSize)
        if case .stream = request.body {
            upload = UploadQueue(capacity: bufferSize ?? UploadQueue.usualCapacity)
        } else {
            upload = nil
        }
    }

    deinit {
        if let bufferSize { budget.giveBack(bufferSize) }
    }
}

/// The task's reference to an exchange; releasing it cancels the exchange.
final class ExchangeLease: Sendable {
    let exchange: HTTPExchange
    /// Keeps the thread running while the body may be read.
    private let thread: CurlThread

    init(_ exchange: HTTPExchange, on thread: CurlThread) {
        self.exchange = exchange
        self.thread = thread
    }

    deinit {
        guard !exchange.response.isFinished else { return }
        thread.inbox.post(.stop(exchange))
    }

    /// The executor of the task that feeds the upload.
    var uploadExecutor: any TaskExecutor { thread.inbox }

    /// Starts the exchange, or resumes a paused one.
    func resume() {
        thread.inbox.post(.resume(exchange))
    }

    /// Cancels the exchange of a canceled task.
    func cancel() {
        exchange.response.cancel()
        exchange.upload?.close()
        thread.inbox.post(.stop(exchange))
    }

    /// Ends the exchange with the error of the request's body, which the task then throws.
    func fail(_ error: any Error) {
        guard exchange.upload?.close() != false else { return }
        exchange.response.finish(.failure(error))
        thread.inbox.post(.stop(exchange))
    }
}

/// The body of a response, read at the pace of its iterator.
///
/// The transfer lives as long as the body or an iterator of it.
struct ResponseBody: AsyncSequence, Sendable {
    let lease: ExchangeLease

    func makeAsyncIterator() -> Iterator { Iterator(lease: lease) }

    struct Iterator: AsyncIteratorProtocol {
        let lease: ExchangeLease

        func next() async throws -> [UInt8]? {
            try await withTaskCancellationHandler {
                try await lease.exchange.response.next { lease.resume() }
            } onCancel: {
                lease.cancel()
            }
        }
    }
}
