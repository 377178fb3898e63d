// SPDX-License-Identifier: Apache-2.0

import Hashing
import OCI
import RegistryTestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A fault` {
    let registry = LoopbackRegistry()
    let image = ImageBuilder().image(layers: [.random(size: 200_000, seed: 1)])

    init() { registry.publish(image, repository: "app", tag: "1.0") }

    var manifest: String { "/v2/app/manifests/1.0" }

    /// The path and the bytes of the image's only layer.
    var layer: (path: String, bytes: [UInt8]) {
        let (digest, bytes) =
            image.blobs.max { $0.value.count < $1.value.count } ?? (image.digest, [])
        return ("/v2/app/blobs/\(digest)", bytes)
    }

    func send(
        _ method: RequestMethod, _ path: String, body: [UInt8] = []
    ) async throws -> PlainResponse {
        try await PlainClient(host: registry.host).send(method, path, body: body)
    }

    // MARK: Selection of requests

    @Test func `applies to the given hits only`() async throws {
        let fault = registry.inject(.on(.get, "/manifests/*", hits: 2...3, .answer(503)))
        var statuses: [Int] = []
        for _ in 1...4 { statuses.append(try await send(.get, manifest).status) }
        #expect(statuses == [200, 503, 503, 200])
        #expect(fault.fired == 2)
    }

    @Test func `can be chosen for each request`() async throws {
        let fault = registry.inject(
            .choosing { $0.query == "fail" ? [.answer(503)] : [] })
        #expect(try await send(.get, manifest).status == 200)
        #expect(try await send(.get, manifest + "?fail").status == 503)
        #expect(fault.fired == 1)
    }

    @Test func `is removed with the content and the records by clear`() async throws {
        registry.inject(.on(.get, "*", .answer(503)))
        registry.setTag("broken", of: "app", to: .of([]))
        #expect(registry.audit().count == 1)
        registry.clear()
        #expect(registry.audit().isEmpty)
        #expect(registry.requests.isEmpty)
        #expect(try await send(.get, manifest).status == 404)
        #expect(registry.requests.map(\.order) == [0])
    }

    @Test func `applies at an interval`() async throws {
        registry.inject(.on(.get, "/manifests/*", every: 3, .answer(.tooManyRequests)))
        var statuses: [Int] = []
        for _ in 1...5 { statuses.append(try await send(.get, manifest).status) }
        #expect(statuses == [429, 200, 200, 429, 200])
    }

    @Test func `does not apply to other methods and paths, and ends when the rules are removed`()
        async throws
    {
        registry.inject(.on(.get, "/blobs/*", .answer(500)))
        registry.inject(.on(nil, "*", where: { $0.isAuthorized }, .answer(500)))
        #expect(try await send(.get, manifest).status == 200)
        #expect(try await send(.head, layer.path).status == 200)
        #expect(try await send(.get, layer.path).status == 500)
        registry.heal()
        #expect(try await send(.get, layer.path).status == 200)
    }

    /// A star matches one component of a path.
    @Test(arguments: [
        ("/blobs/*", "/v2/a/b/blobs/sha256:00", true), ("/blobs/*", "/v2/a/blobs/uploads/1", false),
        ("/blobs/uploads/", "/v2/a/blobs/uploads/", true), ("*", "/v2/", true),
        ("/v2/a/*/list", "/v2/a/tags/list", true), ("/manifests/1*", "/v2/a/manifests/1.0", true),
        ("/manifests/1*", "/v2/a/manifests/2.1", false),
    ])
    func `is selected by the end of a path`(_ pattern: String, _ path: String, _ isMeant: Bool) {
        let request = RecordedRequest(method: .get, target: path + "?n=1")
        #expect(RequestPattern(.get, pattern).matches(request) == isMeant)
        #expect(!RequestPattern(.put, pattern).matches(request))
    }

    // MARK: Effects

    @Test func `drops the connection before or after the request takes effect`() async throws {
        registry.inject(.on(.delete, "*", hits: 1...1, .drop))
        registry.inject(.on(.delete, "*", hits: 2...2, .dropAnswer))
        await #expect(throws: PlainClient.ConnectionLost.self) { try await send(.delete, manifest) }
        #expect(registry.tags(of: "app").count == 1)
        await #expect(throws: PlainClient.ConnectionLost.self) { try await send(.delete, manifest) }
        #expect(registry.tags(of: "app").isEmpty)
    }

    @Test func `cuts a body`() async throws {
        registry.inject(.on(.get, "/blobs/*", .cutBody(at: 1000)))
        let response = try await send(.get, layer.path)
        #expect(response.body == Array(layer.bytes.prefix(1000)))
        #expect(!response.isComplete)
        #expect(response.headers["Content-Length"] == "200000")
    }

    @Test func `flips a byte`() async throws {
        registry.inject(.on(.get, "/blobs/*", .flipByte(at: 150_000)))
        let response = try await send(.get, layer.path)
        #expect(response.isComplete)
        #expect(
            zip(response.body, layer.bytes).enumerated().filter { $1.0 != $1.1 }.map(\.offset) == [
                150_000
            ])
    }

    @Test func `changes the digest and omits the length`() async throws {
        registry.inject(
            .on(
                .head, "/manifests/*", .claimDigest("sha256:\(String(repeating: "0", count: 64))"),
                .omitLength))
        let response = try await send(.head, manifest)
        #expect(response.headers["Docker-Content-Digest"]?.hasSuffix("000") == true)
        #expect(response.headers["Content-Length"] == nil)
    }

    @Test func `redirects`() async throws {
        registry.inject(.on(.get, "/blobs/*", .redirect(to: "http://127.0.0.1:1/elsewhere")))
        let response = try await send(.get, layer.path)
        #expect(response.status == 307)
        #expect(response.headers["Location"] == "http://127.0.0.1:1/elsewhere")
    }

    @Test func `removes an upload session, and closes a connection in the middle of a body`()
        async throws
    {
        registry.inject(.on(.patch, "*", hits: 1...1, .dropUpload(after: 1000)))
        registry.inject(.on(.put, "*", .forgetUpload))
        let begun = try await send(.post, "/v2/app/blobs/uploads/")
        let location = try #require(begun.headers["Location"])
        let bytes = [UInt8](repeating: 7, count: 500_000)
        await #expect(throws: PlainClient.ConnectionLost.self) {
            try await send(.patch, location, body: bytes)
        }
        #expect(try await send(.get, location).headers["Range"] == "0-999")
        let end = try await send(.put, "\(location)&digest=\(Digest.of(bytes))")
        #expect(end.status == 404)
        #expect(end.code == "BLOB_UPLOAD_UNKNOWN")
        #expect(registry.openUploads == 0)
    }

    @Test func `reports success without storing a blob`() async throws {
        registry.inject(.on(.post, "*", .loseBlob))
        let digest = Digest.of([1, 2])
        let path = "/v2/app/blobs/uploads/?digest=\(digest)"
        #expect(try await send(.post, path, body: [1, 2]).status == 201)
        #expect(try await send(.head, "/v2/app/blobs/\(digest)").status == 404)
    }

    @Test func `delays a request until the test opens a gate`() async throws {
        let gate = Gate()
        registry.inject(.on(.get, "/blobs/*", .stall(gate)))
        async let held = send(.get, layer.path)
        await registry.waitForRequests(RequestPattern(.get, "/blobs/*"))
        #expect(try await send(.get, manifest).status == 200)
        #expect(registry.requests.first?.status == nil)
        gate.open()
        #expect(try await held.isComplete)
    }

    @Test func `delays a request until another was received`() async throws {
        registry.inject(.on(.get, "/blobs/*", .waitFor(RequestPattern(.get, "/manifests/*"))))
        async let held = send(.get, layer.path)
        await registry.waitForRequests(RequestPattern(.get, "/blobs/*"))
        #expect(registry.requests.map(\.status) == [nil])
        _ = try await send(.get, manifest)
        #expect(try await held.isComplete)
        #expect(registry.maximumParallel == 2)
    }

    @Test func `ends delayed requests when the registry stops`() async throws {
        registry.inject(.on(nil, "*", .stall(Gate())))
        async let held = send(.get, manifest)
        await registry.waitForRequests(RequestPattern())
        registry.stop()
        _ = try? await held
        #expect(registry.requests.count == 1)
    }

    @Test func `can respond before the body is read`() async throws {
        registry.inject(.on(.post, "/blobs/uploads/", .answerEarly(ScriptedResponse(413))))
        let body = [UInt8](repeating: 7, count: 100_000)
        let answer = try await send(.post, "/v2/app/blobs/uploads/", body: body)
        #expect(answer.status == 413)
        #expect(registry.requests.last?.receivedBytes == 0)
    }
}
