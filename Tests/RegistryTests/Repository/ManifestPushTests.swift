// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing

@testable import Registry

@Suite struct ManifestPushTests {
    private static let blob = Sample.blob
    private static let manifest = Sample(
        #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":"#
            + #"{"mediaType":"application/vnd.oci.empty.v1+json","digest":"\#(blob.digest)","#
            + #""size":\#(blob.bytes.count)},"layers":[]}"#, .ociManifest)
    private static let taken = ScriptedResponse(
        201, ["Docker-Content-Digest": "\(manifest.digest)"])
    private static let unknown = ScriptedResponse(
        400, [:], #"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown"}]}"#)

    private static func put(_ host: String = "reg.test") -> String {
        "PUT https://\(host)/v2/app/manifests/1.0"
    }
    private static func head(_ host: String = "reg.test") -> String {
        "HEAD https://\(host)/v2/app/manifests/1.0"
    }
    private static let get = "GET https://reg.test/v2/app/manifests/1.0"
    private static let blobHead = "HEAD https://reg.test/v2/app/blobs/\(blob.digest)"

    private func push(_ exchanges: [Exchange], to host: String = "reg.test") async throws -> Scene {
        let scene = try Scene(exchanges)
        do {
            try await scene.repository("\(host)/app").push(
                manifest: Self.manifest.raw, as: .tag(.init(parsing: "1.0")))
        } catch {
            scene.wire.expectDone()
            throw error
        }
        scene.wire.expectDone()
        return scene
    }

    @Test func `G03 waits for a registry that reports a blob late`() async throws {
        let scene = try await push([
            Exchange(Self.put(), Self.unknown), Exchange(Self.blobHead, ScriptedResponse(200)),
            Exchange(Self.put(), Self.unknown), Exchange(Self.blobHead, ScriptedResponse(200)),
            Exchange(Self.put(), Self.taken),
        ])
        #expect(scene.time.waits == [.seconds(1), .seconds(2)])
    }

    @Test(arguments: ["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "LAYERS_NOT_FOUND"])
    func `G03 fails at once if a blob is missing`(code: String) async throws {
        let response = ScriptedResponse(404, [:], #"{"errors":[{"code":"\#(code)"}]}"#)
        let error = await #expect(throws: RegistryError.self) {
            _ = try await push([
                Exchange(Self.put(), response), Exchange(Self.blobHead, ScriptedResponse(404)),
            ])
        }
        #expect(error?.failureClass == .incomplete)
    }

    @Test func `G11 waits until a registry shows the manifest`() async throws {
        let scene = try await push([
            Exchange(Self.put(), ScriptedResponse(201)),
            Exchange(Self.head(), ScriptedResponse(404)),
            Exchange(Self.head(), ScriptedResponse(404)),
            Exchange(Self.head(), ScriptedResponse(200, Self.manifest.fields)),
        ])
        #expect(scene.time.waits == [.seconds(1), .seconds(2)])
    }

    @Test func `G11 does not trust GHCR's response before the tag is visible`() async throws {
        let old = Sample("{}", .ociManifest)
        let scene = try await push(
            [
                Exchange(Self.put("ghcr.io"), Self.taken),
                Exchange(Self.head("ghcr.io"), ScriptedResponse(200, old.fields)),
                Exchange(Self.head("ghcr.io"), ScriptedResponse(200, Self.manifest.fields)),
            ], to: "ghcr.io")
        #expect(scene.time.waits == [.seconds(1)])
    }

    @Test func `G11 gives up after a minute`() async throws {
        let error = await #expect(throws: RegistryError.self) {
            _ = try await push(
                [Exchange(Self.put(), ScriptedResponse(201))]
                    + (0..<7).map { _ in Exchange(Self.head(), ScriptedResponse(404)) }
                    + [Exchange(Self.get, ScriptedResponse(404))])
        }
        #expect(error?.failureClass == .unavailable)
    }

    private static let immutable = [
        ScriptedResponse(
            400, [:], #"{"errors":[{"code":"TAG_IMMUTABLE","message":"the tag is fixed"}]}"#),
        ScriptedResponse(
            412, [:], #"{"errors":[{"code":"PRECONDITION","message":"immutable tag"}]}"#),
        ScriptedResponse(
            409, [:], #"{"errors":[{"code":"TAG_ALREADY_EXISTS","message":"already exists"}]}"#),
        ScriptedResponse(
            400, [:],
            #"{"errors":[{"code":"ImageTagAlreadyExistsException","message":"no"}]}"#),
        ScriptedResponse(
            405, [:], #"{"errors":[{"code":"UNSUPPORTED","message":"the tag is locked"}]}"#),
    ]

    @Test(arguments: immutable)
    func `G14 an immutable tag that already points to the manifest is a success`(
        message: ScriptedResponse
    ) async throws {
        _ = try await push([
            Exchange(Self.put(), message),
            Exchange(Self.head(), ScriptedResponse(200, Self.manifest.fields)),
        ])
    }

    @Test(arguments: immutable)
    func `G14 an immutable tag that points to another manifest is a conflict`(
        message: ScriptedResponse
    ) async throws {
        let other = Sample("{}", .ociManifest)
        let error = await #expect(throws: RegistryError.self) {
            _ = try await push([
                Exchange(Self.put(), message),
                Exchange(Self.head(), ScriptedResponse(200, other.fields)),
            ])
        }
        #expect(error?.description.contains("is immutable and points to") == true)
        #expect(error?.description.contains("\(other.digest)") == true)
    }

    @Test(arguments: [413, 507, 403])
    func `G16 an exhausted quota is not reported as an immutable tag`(status: Int) async throws {
        let error = await #expect(throws: RegistryError.self) {
            _ = try await push([Exchange(Self.put(), ScriptedResponse(status))])
        }
        #expect(error?.status == status)
        #expect(error?.failureClass == (status == 403 ? .denied : .unavailable))
    }

    @Test(arguments: [301, 302, 303])
    func `G18 follows no redirect that would turn a write into a read`(status: Int) async throws {
        let error = await #expect(throws: RegistryError.self) {
            _ = try await push([
                Exchange(
                    Self.put(),
                    ScriptedResponse(status, ["Location": "https://reg.test/v2/app/manifests/2"]))
            ])
        }
        #expect(error?.failureClass == .unavailable)
    }

    @Test(arguments: [307, 308])
    func `G18 follows a redirect of a write within the registry`(status: Int) async throws {
        let scene = try await push([
            Exchange(
                Self.put(), ScriptedResponse(status, ["Location": "/v2/app/manifests/1.0?at=2"])),
            Exchange("\(Self.put())?at=2", Self.taken),
        ])
        #expect(scene.wire.requests.last?.body == Self.manifest.bytes)
    }
}
