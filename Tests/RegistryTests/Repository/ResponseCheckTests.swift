// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import Hashing
import OCI
import Testing
import TextSafety

@testable import Registry

/// Responses that are read although they deviate, and responses that are not what was requested.
@Suite struct `A response` {
    private static let base = "https://reg.test/v2/app"
    private static let manifest = Sample.manifest
    private static let blob = Sample.blob
    private static let typed = Sample(
        #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#,
        .ociIndex)
    private static let blobURL = "GET \(base)/blobs/\(blob.digest)"

    private let tag: ManifestName

    init() throws {
        tag = .tag(try Tag(parsing: "1"))
    }

    private static func fields(_ sample: Sample, _ changes: [String: String?]) -> HTTPFields {
        var fields: HTTPFields = [:]
        for field in sample.fields.fields where changes.keys.allSatisfy({ $0 != field.name }) {
            fields.append(field.name, field.value)
        }
        for (name, value) in changes { if let value { fields.append(name, value) } }
        return fields
    }

    // oras-project/oras-go#1176, goharbor/harbor#20187.
    @Test(arguments: [1, 1_000_000])
    func `states a size that is only a hint`(size: Int) async throws {
        let head = Self.fields(Self.manifest, ["content-length": "\(size)"])
        let scene = try Scene([
            Exchange("HEAD \(Self.base)/manifests/1", ScriptedResponse(200, head)),
            Exchange(
                "GET \(Self.base)/manifests/\(Self.manifest.digest)",
                ScriptedResponse(200, Self.manifest.fields, bytes: [Self.manifest.bytes])),
        ])
        let repository = try scene.repository()
        let found = try #require(try await repository.resolve(tag))
        #expect(found.digest == Self.manifest.digest)
        let read = try await repository.fetch(manifest: found)
        #expect(read.descriptor == Self.manifest.descriptor)
        scene.wire.expectDone()
    }

    // moby/moby#19526, goharbor/harbor#7853: the body states its type, or its fields imply it.
    @Test(
        arguments: [
            ("text/html; charset=utf-8", typed), ("application/octet-stream", typed),
            ("application/json", manifest), ("text/plain", manifest),
        ])
    func `may have another content type than its manifest`(
        type: String, sample: Sample
    ) async throws {
        let fields = Self.fields(
            sample, ["content-type": type, "docker-content-digest": nil])
        let scene = try Scene([
            Exchange("HEAD \(Self.base)/manifests/1", ScriptedResponse(200, fields)),
            Exchange(
                "GET \(Self.base)/manifests/1", ScriptedResponse(200, fields, bytes: [sample.bytes])
            ),
        ])
        #expect(try await scene.repository().resolve(tag) == sample.descriptor)
        scene.wire.expectDone()
    }

    // Azure/Azurite#367, regclient/regclient#961.
    @Test(arguments: [
        [
            ScriptedResponse(
                200, ["Content-Range": "bytes 8-19/20"], bytes: [Array(blob.bytes[8...])])
        ],
        [ScriptedResponse(400), ScriptedResponse(200, bytes: [blob.bytes])],
        [ScriptedResponse(501), ScriptedResponse(200, bytes: [blob.bytes])],
    ])
    func `to a request for a part may be the part or the whole`(
        responses: [ScriptedResponse]
    ) async throws {
        let cut = ScriptedResponse(200, bytes: [Array(Self.blob.bytes[..<8])], breaks: true)
        let scene = try Scene(([cut] + responses).map { Exchange(Self.blobURL, $0) })
        let stream = try await scene.repository().fetch(blob: Self.blob.descriptor)
        #expect(try await collect(stream) == Self.blob.bytes)
        scene.wire.expectDone()
    }

    // quay/quay#1310: an encoded blob cannot be resumed or verified.
    @Test func `with an encoded blob fails at once`() async throws {
        let scene = try Scene([
            Exchange(
                Self.blobURL,
                ScriptedResponse(200, ["Content-Encoding": "gzip"], bytes: [[0x1F, 0x8B]]))
        ])
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().fetch(blob: Self.blob.descriptor)
        }
        #expect(error?.failureClass == .unavailable)
        #expect(error?.description.contains("Content-Encoding: gzip") == true)
        scene.wire.expectDone()
    }

    @Test(arguments: [0, 10, 30])
    func `with another length than the blob's fails at once`(length: Int) async throws {
        let bytes = [UInt8](repeating: 0, count: length)
        let scene = try Scene([
            Exchange(
                Self.blobURL,
                ScriptedResponse(200, ["Content-Length": "\(length)"], bytes: [bytes]))
        ])
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().fetch(blob: Self.blob.descriptor)
        }
        #expect(error?.failureClass == .integrity)
        #expect(error?.reason == "the registry has \(length) bytes of it instead of 20")
        scene.wire.expectDone()
    }

    // moby/moby#17595: the bytes themselves are sent, labeled as what they contain.
    @Test func `may label a blob as encoded that is not`() async throws {
        let fields: HTTPFields = [
            "Content-Encoding": "x-gzip", "Content-Length": "\(Self.blob.bytes.count)",
        ]
        let scene = try Scene([
            Exchange(Self.blobURL, ScriptedResponse(200, fields, bytes: [Self.blob.bytes]))
        ])
        let stream = try await scene.repository().fetch(blob: Self.blob.descriptor)
        #expect(try await collect(stream) == Self.blob.bytes)
    }

    /// An error response to a read and what it means.
    struct Refusal: Sendable {
        let response: ScriptedResponse
        let failureClass: FailureClass
        let says: String

        init(
            _ status: Int, _ fields: HTTPFields = [:], _ body: String, _ failureClass: FailureClass,
            says: String
        ) {
            response = ScriptedResponse(status, fields, body)
            self.failureClass = failureClass
            self.says = says
        }
    }

    static let refusals = [
        Refusal(
            403, ["Content-Type": "text/html"], "<title>Access Denied</title>", .unavailable,
            says: "Access Denied"),
        Refusal(
            403, [:],
            #"{"errors":[{"code":"DENIED","message":"denied","detail":"license expired"}]}"#,
            .denied, says: "denied; license expired"),
        Refusal(
            412, [:], #"{"errors":[{"code":"PROJECTPOLICYVIOLATION","message":"vulnerable"}]}"#,
            .unavailable, says: "vulnerable"),
        Refusal(
            403, [:],
            #"{"errors":[{"message":"adding 1 MiB will exceed the configured upper limit of 1 MiB"}]}"#,
            .unavailable, says: "storage quota exceeded (403)"),
    ]

    @Test(arguments: refusals)
    func `to a rejected request has its reason from one GET`(row: Refusal) async throws {
        let scene = try Scene([
            Exchange(
                "HEAD \(Self.base)/manifests/1",
                ScriptedResponse(row.response.status, row.response.fields)),
            Exchange("GET \(Self.base)/manifests/1", row.response),
        ])
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().resolve(tag)
        }
        #expect(error?.failureClass == row.failureClass)
        #expect(error?.description.contains(row.says) == true, "\(error as Any)")
        #expect(error?.blocksPulls == (row.response.status == 412))
        scene.wire.expectDone()
    }

    @Test(arguments: [true, false])
    func `with 412 is a policy of the registry only if the registry sent it`(byTokenServer: Bool)
        async throws
    {
        let head = "HEAD \(Self.base)/manifests/1"
        let rejected = ScriptedResponse(412)
        let other =
            byTokenServer
            ? "https://auth.test/token?service=r&scope=repository:app:pull"
            : "https://cdn.test/manifest"
        let first =
            byTokenServer
            ? ScriptedResponse(
                401,
                ["WWW-Authenticate": #"Bearer realm="https://auth.test/token",service="r""#])
            : ScriptedResponse(307, ["Location": other])
        let method = byTokenServer ? "GET" : "HEAD"
        let scene = try Scene(
            [Exchange(head, first), Exchange("\(method) \(other)", rejected)]
                + (byTokenServer
                    ? []
                    : [
                        Exchange("GET \(Self.base)/manifests/1", first),
                        Exchange("GET \(other)", rejected),
                    ]))
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().resolve(tag)
        }
        #expect(error?.blocksPulls == false)
        scene.wire.expectDone()
    }

    // distribution/distribution#2232: the body decides, not the status.
    @Test func `with 500 names a missing foreign layer and is not retried`() async throws {
        let layer = Sample("a foreign layer")
        let manifest = Sample(
            #"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","#
                + #""digest":"\#(Self.blob.digest)","size":\#(Self.blob.bytes.count)},"layers":[{"#
                + #""mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","#
                + #""digest":"\#(layer.digest)","size":\#(layer.bytes.count),"#
                + #""urls":["https://layers.example.com/1"]}]}"#, .ociManifest)
        let scene = try Scene([
            Exchange(
                "PUT \(Self.base)/manifests/1",
                ScriptedResponse(
                    500, [:],
                    #"{"errors":[{"code":"UNKNOWN"},{"code":"MANIFEST_BLOB_UNKNOWN"}]}"#)),
            Exchange("HEAD \(Self.base)/blobs/\(layer.digest)", ScriptedResponse(404)),
        ])
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().push(manifest: manifest.raw, as: tag)
        }
        #expect(error?.failureClass == .incomplete)
        #expect(error?.description.contains("\(layer.digest)") == true)
        #expect(error?.description.contains("https://layers.example.com/1") == true)
        #expect(error?.hint?.contains("allow the layer's URLs") == true)
        scene.wire.expectDone()
    }

    // crazy-max/diun#1614.
    @Test func `of 404 to HEAD is not believed again once GET found a manifest`() async throws {
        let found = ScriptedResponse(200, Self.manifest.fields, bytes: [Self.manifest.bytes])
        let scene = try Scene([
            Exchange("HEAD \(Self.base)/manifests/1", ScriptedResponse(404)),
            Exchange("GET \(Self.base)/manifests/1", found),
            Exchange("GET \(Self.base)/manifests/1", found),
        ])
        let repository = try scene.repository()
        #expect(try await repository.resolve(tag) == nil)
        #expect(try await repository.resolveByReading(tag) == Self.manifest.descriptor)
        #expect(try await repository.resolve(tag) == Self.manifest.descriptor)
        scene.wire.expectDone()
    }

    // distribution/distribution#4420.
    @Test func `that names the same bytes by another algorithm needs the digest's own`()
        async throws
    {
        let digest = Digest.of(Self.manifest.bytes, .sha512)
        let raw = try RawManifest(
            verifying: Self.manifest.bytes,
            against: Descriptor(
                mediaType: .ociManifest, digest: digest, size: Self.manifest.bytes.count))
        let scene = try Scene([
            Exchange(
                "PUT \(Self.base)/manifests/1",
                ScriptedResponse(201, ["Docker-Content-Digest": "\(Self.manifest.digest)"])),
            Exchange("HEAD \(Self.base)/manifests/\(digest)", ScriptedResponse(404)),
        ])
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().push(manifest: raw, as: tag)
        }
        #expect(error?.failureClass == .unavailable)
        #expect(error?.description.contains("only as sha256:") == true)
        #expect(error?.hint?.contains("sha512") == true)
        scene.wire.expectDone()
    }

    // distribution-spec § Warnings.
    @Test func `has a warning that is reported once`() async throws {
        let warning: HTTPFields = [
            "Warning": #"299 - "shutting down""#, "Warning": #"110 cache "stale""#,
        ]
        let url = "HEAD \(Self.base)/manifests/1"
        let scene = try Scene([
            Exchange(url, ScriptedResponse(404, warning)),
            Exchange(url, ScriptedResponse(404, warning)),
        ])
        for _ in 0..<2 { #expect(try await scene.repository().resolve(tag) == nil) }
        let texts = scene.events.all.compactMap { event in
            if case .warningReceived(let host, let text) = event {
                "\(host): \(text.raw)"
            } else {
                nil
            }
        }
        #expect(texts == ["reg.test: shutting down"])
    }
}
