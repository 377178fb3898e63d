// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives

/// An HTTPS server of files on loopback.
public final class FileServer: Sendable {
    private let service: FileService
    private let server: LoopbackServer

    /// Starts a server.
    ///
    /// - Parameter certificate: The certificate for 127.0.0.1.
    public init(certificate: ServerCertificate) {
        service = FileService()
        server = LoopbackServer(service, certificate: certificate)
    }

    deinit { server.stop() }

    /// The server's address, such as `https://127.0.0.1:35001`.
    public var origin: String { "https://127.0.0.1:\(server.port)" }

    /// The targets of all requests.
    public var targets: [String] { service.targets.withLock { $0 } }

    /// Publishes a file at a target such as `/v1/file`.
    public func publish(_ bytes: [UInt8], at target: String) {
        service.files.withLock { $0[target] = ScriptedResponse(200, body: Bytes(bytes)) }
    }

    /// Redirects a target to a URL.
    public func redirect(_ target: String, to url: String) {
        service.files.withLock { $0[target] = ScriptedResponse(302, ["Location": url]) }
    }
}

/// The files and the requests of a ``FileServer``.
private final class FileService: LoopbackService {
    let files = Mutex<[String: ScriptedResponse]>([:])
    let targets = Mutex<[String]>([])

    func open(_ request: RecordedRequest) -> any Conversation {
        targets.withLock { $0.append(request.target) }
        return FileConversation(
            files.withLock { $0[request.target] } ?? ScriptedResponse(404))
    }
}

/// A request for one file.
private final class FileConversation: Conversation {
    private let response: ScriptedResponse
    let answersEarly = false

    init(_ response: ScriptedResponse) { self.response = response }

    func receive(_ bytes: [UInt8]) -> Bool { true }
    func answer() -> ScriptedResponse? { response }
    func sent(_ count: Int, isLast: Bool) {}
    func close() {}
}
