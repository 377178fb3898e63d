// SPDX-License-Identifier: Apache-2.0

public import HTTP

/// A transport that uses libcurl: one thread, one multi handle, bodies streamed in both directions.
///
/// The buffers of all bodies together have a limited size, and become smaller with their number.
///
/// Requests may be sent from any task. The caller limits the number of concurrent requests: a limit
/// here could block an upload behind the download that feeds it. Releasing the transport and every
/// unread body closes its connections and ends its thread.
///
/// Source: libcurl-multi(3), libcurl-thread(3).
public final class CurlTransport: HTTPTransport {
    /// The thread, or the error that every request then throws.
    private let thread: Result<CurlThread, TransportError>
    private let budget = BufferBudget()

    /// Creates a transport.
    public init(_ configuration: Configuration = Configuration()) {
        thread = Result { () throws(TransportError) in try CurlThread(configuration) }
    }

    /// Creates a transport with a thread function that a test can replace.
    init(startThread: CurlThread.ThreadStarter) {
        thread = Result { () throws(TransportError) in
            try CurlThread(Configuration(), startThread: startThread)
        }
    }

    /// Sends a request and returns when the head of the response has arrived.
    ///
    /// A streamed body is read as fast as the peer accepts it. A request whose stream yields no
    /// byte opens no connection.
    ///
    /// - Throws: ``TransportError``, `CancellationError`, or the error of the request's body.
    public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let lease = ExchangeLease(HTTPExchange(request, budget), on: try thread.get())
        let head = try await withTaskCancellationHandler {
            try await Self.head(of: lease)
        } onCancel: {
            lease.cancel()
        }
        return HTTPResponse(
            status: head.status, fields: head.fields, body: ResponseBody(lease: lease),
            peer: head.peer)
    }

    private static func head(of lease: ExchangeLease) async throws -> ResponseHead {
        let exchange = lease.exchange
        guard case .stream(let length, let stream) = exchange.request.body,
            let upload = exchange.upload
        else {
            lease.resume()
            return try await exchange.response.head()
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: lease.uploadExecutor) {
                do {
                    try await upload.feed(stream, length: length) { lease.resume() }
                } catch {
                    lease.fail(error)
                }
            }
            defer {
                upload.close()
                group.cancelAll()
            }
            return try await exchange.response.head()
        }
    }
}
