// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing

@testable import Registry

/// For every URL that a registry names, in every position: it receives no credential, and a blocked
/// URL receives no request.
@Suite struct NamedURLTests {
    /// Origins on the Internet with TLS that are not the registry's.
    static let elsewhere = [
        "https://x.test/blob?sig=1", "https://reg.test:8443/v2/app/", "https://sub.reg.test/x",
        "https://reg.test.evil.org/x", "https://8.8.8.8/x", "https://[2606:4700::1111]:5000/x",
        "https://x.test/%0d%0aX-Injected:%20b", "https://xreg.test/v2/app/blobs/uploads/1",
    ]

    /// The same as relative references.
    static let references = ["//x.test/v2/app/blobs/uploads/1", "//reg.test:8443/x"]

    static let rejected = [
        // Without TLS.
        "http://reg.test/v2/app/", "http://reg.test:443/x", "http://x.test/",
        // Nearer than the registry, in every notation.
        "https://127.0.0.1/", "https://localhost/", "https://a.localhost/", "https://[::1]/",
        "https://10.0.0.1/", "https://192.168.0.1:8443/", "https://172.16.0.1/",
        "https://100.64.0.1/", "https://169.254.169.254/latest/meta-data/",
        "https://[fd00:ec2::254]/", "https://0.0.0.0/", "https://[::]/",
        "https://[::ffff:7f00:1]/", "https://[64:ff9b::a9fe:a9fe]/", "https://[2002:7f00:1::]/",
        "https://[fe80::1]/", "https://[fc00::1]/", "https://224.0.0.1/", "//127.0.0.1/",
        // Notations that two parsers may read differently.
        "https://127.1/", "https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/",
        "https:///x.test/", "https:/x.test/", "https:x.test", "https://x。test/", "///x.test/",
        "/\\x.test/", "\\\\x.test/", "https://reg.test\\@x.test/", "https://x.test\\/",
        // Other schemes.
        "file:///etc/hostname", "gopher://x.test/", "dict://x.test/", "ldap://x.test/",
        "smb://x.test/", "ftp://x.test/", "javascript:alert(1)", "data:,x",
        // User information, fragments, spaces, dot segments.
        "https://u:p@x.test/", "https://reg.test@x.test/", "https://reg.test:443@x.test/",
        "https://x.test/#f", "https://x.test/ a", "https://x.test/../a", "https://x.test/%2e%2E/",
        "https://x.test:0/", "https://x.test:65536/", "https://x.test:80:80/", "https://",
    ]

    /// Sends the client to the position, and returns the requests that other origins received.
    private func visit(
        _ place: LinkPosition, naming url: String, allow: [String] = []
    ) async throws -> MaliciousRegistry {
        let registry = MaliciousRegistry(naming: url, at: place)
        let host = try RegistryHost(parsing: "reg.test")
        let known: [RegistryHost: Credential] =
            place == .anonymousRealm ? [:] : [host: .user("canary-user", "canary-password")]
        let network = RegistryClientPool(
            transport: registry,
            options: .init(
                registries: [
                    host: .with {
                        $0.uploadDialect = place == .patchLocation ? .patch : .put
                        $0.allow(allow)
                    }
                ], time: VirtualTime().timekeeper),
            credentials: CredentialStore(
                given: known, environment: [:], read: { _ in nil },
                run: { _, _, _ in CredentialHelper.Output(status: 1, output: []) }))
        let repository = try network.repository(Repository(parsing: "reg.test/app"))
        do {
            try await place.visit(repository)
        } catch is RegistryError {
            // Only the requests that were sent matter.
        }
        #expect(!registry.requests.isEmpty)
        Canary.expectNoLeak(in: registry.requests)
        return registry
    }

    @Test(arguments: LinkPosition.allCases, elsewhere)
    func `A01 A05 A10 A12 A13 another origin receives no credential, and few requests`(
        place: LinkPosition, url: String
    ) async throws {
        let strayed = try await visit(place, naming: url).strayed
        #expect(strayed.isEmpty == !place.leadsElsewhere)
        for request in strayed {
            #expect(request.url.hasPrefix(url) && request.authorization == nil)
            #expect(
                request.body.isEmpty && request.addressScope == AddressScope(referredBy: .global))
        }
    }

    @Test(arguments: LinkPosition.allCases, references)
    func `A01 A10 A12 a relative reference to another origin is detected`(
        place: LinkPosition, url: String
    ) async throws {
        let strayed = try await visit(place, naming: url).strayed
        #expect(strayed.isEmpty == !(place.leadsElsewhere && place.takesReferences))
        #expect(strayed.allSatisfy { $0.url == "https:\(url)" && $0.authorization == nil })
    }

    @Test(arguments: LinkPosition.allCases, rejected)
    func `A01 A05 A06 A07 A10 A12 A13 nothing is sent to a blocked URL`(
        place: LinkPosition, url: String
    ) async throws {
        #expect(try await visit(place, naming: url).strayed.map(\.url) == [])
    }

    // A host that the user named receives requests, also with content, but no credentials.
    @Test(arguments: LinkPosition.allCases)
    func `A10 a host of allow receives no credential either`(place: LinkPosition) async throws {
        let url = "https://10.0.0.1:8443/v2/app/blobs/uploads/1"
        let strayed = try await visit(place, naming: url, allow: ["10.0.0.1:8443"]).strayed
        let goes =
            switch place {
            case .realm, .tokenRedirect, .link, .descriptorURLs: false
            default: true
            }
        #expect(strayed.isEmpty == !goes)
        #expect(strayed.allSatisfy { $0.authorization == nil && $0.addressScope == .anywhere })
    }

    @Test(
        arguments: [LinkPosition.blobRedirect, .anonymousRealm],
        [("10.0.0.0/8", true), ("10.0.0.1", true), ("10.0.1.0/24", false), ("fd00::/8", false)])
    func `A07 a range of allow receives requests`(
        place: LinkPosition, allow: (range: String, reaches: Bool)
    ) async throws {
        let strayed = try await visit(
            place, naming: "https://10.0.0.1/x", allow: [allow.range]
        ).strayed
        #expect(strayed.isEmpty == !allow.reaches)
    }

    // A layer of an old Windows image, whose manifest lists other URLs for it.
    @Test func `A13 the URLs of a descriptor are never fetched`() async throws {
        let blob = Canary.blob
        let text = """
            {"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json",\
            "digest":"\(blob.digest)","size":\(blob.bytes.count)},"layers":[{"mediaType":\
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","digest":"\(blob.digest)",\
            "size":\(blob.bytes.count),"urls":["https://x.test/layer"]}]}
            """
        let manifest = Sample(text, .ociManifest)
        let scene = try Scene([
            Exchange(
                "GET https://reg.test/v2/app/manifests/\(manifest.digest)",
                ScriptedResponse(200, manifest.fields, text)),
            Exchange("GET \(Canary.url)", ScriptedResponse(404)),
        ])
        let repository = try scene.repository()
        let raw = try await repository.fetch(manifest: manifest.descriptor)
        guard case .image(let image) = try raw.decoded() else {
            Issue.record("it is an image's manifest")
            return
        }
        let layer = try #require(image.layers.first)
        await #expect(throws: RegistryError.self) {
            _ = try await collect(repository.fetch(blob: layer))
        }
        scene.wire.expectDone()
    }
}
