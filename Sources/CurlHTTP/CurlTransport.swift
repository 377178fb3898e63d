// SPDX-License-Identifier: Apache-2.0

public import HTTP

/// A transport over libcurl: one thread, one multi handle, bodies streamed in both directions.
///
/// Requests may be sent from any task. A limit on how many are under way is left to the caller: one
/// here could block an upload behind the very download that feeds it. Releasing the transport, and
/// every body that is still being read, closes its connections and ends its thread.
///
/// Source: libcurl-multi(3), libcurl-thread(3).
public final class CurlTransport: HTTPTransport {
    /// The loop, or why there is none, which every request then ends with.
    private let loop: Result<CurlThread, TransportError>

    /// Starts a transport.
    public init(_ configuration: Configuration = Configuration()) {
        loop = Result { () throws(TransportError) in try CurlThread(configuration) }
    }

    /// Starts a transport on a thread that a test may withhold.
    init(startThread: CurlThread.ThreadStarter) {
        loop = Result { () throws(TransportError) in
            try CurlThread(Configuration(), startThread: startThread)
        }
    }

    /// Sends one request and returns once the head of its answer is here.
    ///
    /// A body that is streamed is pulled as fast as the peer takes it. A request whose stream yields
    /// no byte opens no connection.
    ///
    /// - Throws: ``TransportError``, or `CancellationError`, or what the request's body threw.
    public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let lease = ExchangeLease(HTTPExchange(request), on: try loop.get())
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
            return try await exchange.answer.head()
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
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
            return try await exchange.answer.head()
        }
    }
}
