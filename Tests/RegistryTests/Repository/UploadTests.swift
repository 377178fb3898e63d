// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing

@testable import Registry

@Suite(.timeLimit(.minutes(10))) struct `Uploads` {
    static let blob = Sample.blob
    static let uploads = "https://reg.test/v2/app/blobs/uploads/"
    static let post = "POST \(uploads)"
    static let session = ScriptedResponse(202, ["Location": "/v2/app/blobs/uploads/1?_state=a%2Bb"])
    static let commit = "PUT \(uploads)1?_state=a%2Bb&digest=\(blob.digest)"
    static let head = "HEAD https://reg.test/v2/app/blobs/\(blob.digest)"

    @discardableResult
    func push(
        _ exchanges: [Exchange], from sibling: String? = nil, dialect: UploadDialect? = nil
    ) async throws -> (Scene, BlobPushResult) {
        let scene = try Scene(exchanges, ["reg.test": .with { $0.uploadDialect = dialect }])
        // A blob whose presence is unknown is mounted from the repository itself.
        let isUnknown = sibling == "reg.test/app"
        let origin = isUnknown ? nil : sibling
        let arrival = try await scene.repository().push(
            blob: Self.blob.descriptor, expecting: isUnknown ? .unknown : .absent,
            mountingFrom: origin.map { .repository(try Repository(parsing: $0)) },
            open: Self.blob.open)
        scene.wire.expectDone()
        return (scene, arrival)
    }

    @Test func `G08 are one POST and one PUT`() async throws {
        let (scene, arrival) = try await push([
            Exchange(Self.post, Self.session), Exchange(Self.commit, ScriptedResponse(201)),
        ])
        #expect(arrival == .uploaded)
        let put = try #require(scene.wire.requests.last)
        #expect(put.body == Self.blob.bytes)
        // Any other type makes docker-registry parse the body as a form.
        #expect(put.fields["content-type"] == "application/octet-stream")
        #expect(put.isBulk && put.timeouts.firstByte == .seconds(300))
    }

    @Test func `are one POST, one PATCH and one empty PUT in the dialect patch`() async throws {
        let (scene, _) = try await push(
            [
                Exchange(Self.post, Self.session),
                Exchange(
                    "PATCH \(Self.uploads)1?_state=a%2Bb", ScriptedResponse(202, ["Location": "2"])),
                Exchange("PUT \(Self.uploads)2?digest=\(Self.blob.digest)", ScriptedResponse(201)),
            ], dialect: .patch)
        let (patch, put) = (scene.wire.requests[1], scene.wire.requests[2])
        #expect(patch.body == Self.blob.bytes && put.body.isEmpty)
        #expect(patch.fields["content-range"] == nil)
    }

    // registries.md: learned on 413, and remembered for the registry.
    @Test func `change their dialect permanently after 413`() async throws {
        let patched = [
            Exchange(Self.post, Self.session),
            Exchange(
                "PATCH \(Self.uploads)1?_state=a%2Bb", ScriptedResponse(202, ["Location": "2"])),
            Exchange("PUT \(Self.uploads)2?digest=\(Self.blob.digest)", ScriptedResponse(201)),
        ]
        let scene = try Scene(
            [Exchange(Self.post, Self.session), Exchange(Self.commit, ScriptedResponse(413))]
                + patched
                + patched)
        let repository = try scene.repository()
        for _ in 0..<2 {
            _ = try await repository.push(
                blob: Self.blob.descriptor, expecting: .absent, mountingFrom: nil,
                open: Self.blob.open)
        }
        scene.wire.expectDone()
    }

    // An upload that began in the old dialect must not restore it for later uploads.
    @Test func `do not undo a dialect change of another upload`() async throws {
        let early = Sample("begun before the 413")
        let patched = [
            Exchange(Self.post, Self.session),
            Exchange(
                "PATCH \(Self.uploads)1?_state=a%2Bb", ScriptedResponse(202, ["Location": "2"])),
            Exchange("PUT \(Self.uploads)2?digest=\(Self.blob.digest)", ScriptedResponse(201)),
        ]
        let (begun, learned) = (Barrier(2), Barrier(2))
        let held = Self.session.after {
            try await begun.arrive()
            try await learned.arrive()
        }
        let scene = try Scene(
            [
                Exchange(Self.head, ScriptedResponse(404)), Exchange(Self.post, held),
                Exchange(
                    "PUT \(Self.uploads)1?_state=a%2Bb&digest=\(early.digest)",
                    ScriptedResponse(201)),
                Exchange(Self.post, Self.session), Exchange(Self.commit, ScriptedResponse(413)),
            ] + patched + patched)
        let repository = try scene.repository()
        #expect(try await !repository.exists(blob: Self.blob.descriptor))
        async let first = repository.push(
            blob: early.descriptor, expecting: .absent, mountingFrom: nil, open: early.open)
        try await begun.arrive()
        _ = try await repository.push(
            blob: Self.blob.descriptor, expecting: .absent, mountingFrom: nil, open: Self.blob.open)
        try await learned.arrive()
        #expect(try await first == .uploaded)
        _ = try await repository.push(
            blob: Self.blob.descriptor, expecting: .absent, mountingFrom: nil, open: Self.blob.open)
        scene.wire.expectDone()
    }

    static let mount = "\(post)?mount=\(blob.digest)&from=base"

    @Test func `are replaced by a mount`() async throws {
        let (_, arrival) = try await push(
            [Exchange(Self.mount, ScriptedResponse(201))], from: "reg.test/base")
        #expect(arrival == .mounted)
    }

    @Test func `G01 continue with the session that a mount started instead`() async throws {
        let (_, arrival) = try await push(
            [Exchange(Self.mount, Self.session), Exchange(Self.commit, ScriptedResponse(201))],
            from: "reg.test/base")
        #expect(arrival == .uploaded)
    }

    @Test(arguments: [400, 401, 403, 404, 405])
    func `G01 continue after a rejected mount`(status: Int) async throws {
        let (_, arrival) = try await push(
            [
                Exchange(Self.mount, ScriptedResponse(status)), Exchange(Self.post, Self.session),
                Exchange(Self.commit, ScriptedResponse(201)),
            ], from: "reg.test/base")
        #expect(arrival == .uploaded)
    }

    @Test func `mount nothing from another registry`() async throws {
        try await push(
            [Exchange(Self.post, Self.session), Exchange(Self.commit, ScriptedResponse(201))],
            from: "other.test/base")
    }

    static let ownMount = "\(post)?mount=\(blob.digest)&from=app"

    @Test func `find existing blobs by a mount from the repository itself`() async throws {
        let (_, there) = try await push(
            [Exchange(Self.ownMount, ScriptedResponse(201))], from: "reg.test/app")
        #expect(there == .present)
        let (_, new) = try await push(
            [Exchange(Self.ownMount, Self.session), Exchange(Self.commit, ScriptedResponse(201))],
            from: "reg.test/app")
        #expect(new == .uploaded)
    }

    @Test func `do not use such mounts after one is rejected`() async throws {
        let scene = try Scene([
            Exchange(Self.ownMount, ScriptedResponse(403)),
            Exchange(Self.head, ScriptedResponse(404)),
            Exchange(Self.post, Self.session), Exchange(Self.commit, ScriptedResponse(201)),
        ])
        let repository = try scene.repository()
        #expect(repository.client.presence.usesMounts)
        let arrival = try await repository.push(
            blob: Self.blob.descriptor, expecting: .unknown, mountingFrom: nil, open: Self.blob.open
        )
        #expect(arrival == .uploaded)
        #expect(!repository.client.presence.usesMounts)
        scene.wire.expectDone()
    }

    @Test(arguments: ["europe-docker.pkg.dev", "1.dkr.ecr.eu-west-1.amazonaws.com", "gcr.io"])
    func `check by HEAD at registries that answer every mount with a session`(host: String) throws {
        #expect(try !Scene([]).repository("\(host)/app").client.presence.usesMounts)
    }

    // The commit may have succeeded although its response was lost.
    @Test func `G04 check for the blob before they retry`() async throws {
        try await push([
            Exchange(Self.post, Self.session), Exchange(Self.commit, .failing(.interrupted)),
            Exchange(Self.head, ScriptedResponse(200)),
        ])
        let (scene, _) = try await push([
            Exchange(Self.post, Self.session), Exchange(Self.commit, ScriptedResponse(500)),
            Exchange(Self.head, ScriptedResponse(404)), Exchange(Self.post, Self.session),
            Exchange(Self.commit, ScriptedResponse(201)),
        ])
        #expect(scene.time.waits == [.seconds(0.75)])
    }

    // Found by the single-fault sweep: the empty 200 of a proxy counted as a stored blob.
    @Test func `restart if a response other than 201 to the commit stored nothing`() async throws {
        let (_, arrival) = try await push([
            Exchange(Self.post, Self.session), Exchange(Self.commit, ScriptedResponse(200)),
            Exchange(Self.head, ScriptedResponse(404)), Exchange(Self.head, ScriptedResponse(404)),
            Exchange(Self.post, Self.session), Exchange(Self.commit, ScriptedResponse(201)),
        ])
        #expect(arrival == .uploaded)
    }

    @Test(arguments: [200, 202, 204])
    func `are complete after another status if the blob is present`(status: Int) async throws {
        let (_, arrival) = try await push([
            Exchange(Self.post, Self.session), Exchange(Self.commit, ScriptedResponse(status)),
            Exchange(Self.head, ScriptedResponse(200, Self.blob.fields)),
        ])
        #expect(arrival == .uploaded)
    }

    @Test func `G05 restart after a lost session`() async throws {
        try await push(
            [
                Exchange(Self.post, Self.session),
                Exchange(
                    "PATCH \(Self.uploads)1?_state=a%2Bb",
                    ScriptedResponse(404, [:], #"{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}"#)),
                Exchange(Self.post, Self.session),
                Exchange("PATCH \(Self.uploads)1?_state=a%2Bb", ScriptedResponse(202)),
                Exchange(Self.commit, ScriptedResponse(201)),
            ], dialect: .patch)
    }

    @Test func `end after the maximum number of attempts`() async throws {
        let round = [
            Exchange(Self.post, Self.session), Exchange(Self.commit, ScriptedResponse(500)),
            Exchange(Self.head, ScriptedResponse(404)),
        ]
        let scene = try Scene([[Exchange]](repeating: round, count: 6).flatMap { $0 })
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().push(
                blob: Self.blob.descriptor, expecting: .absent, mountingFrom: nil,
                open: Self.blob.open)
        }
        #expect(error?.status == 500)
        scene.wire.expectDone()
    }

    @Test func `that the registry stores under another digest are an error`() async throws {
        let other = Sample("x").digest
        let error = await #expect(throws: RegistryError.self) {
            try await push([
                Exchange(Self.post, Self.session),
                Exchange(Self.commit, ScriptedResponse(201, ["Docker-Content-Digest": "\(other)"])),
            ])
        }
        #expect(error?.failureClass == .integrity)
    }

    struct SourceError: Error {}

    // The source has its own retries; its failure is not the target's.
    @Test func `that arrive corrupt are distinguished from those that are rejected`() async throws {
        let message = ScriptedResponse(
            400, [:], #"{"errors":[{"code":"DIGEST_INVALID","message":"did not match"}]}"#)
        let error = await #expect(throws: RegistryError.self) {
            try await push([Exchange(Self.post, Self.session), Exchange(Self.commit, message)])
        }
        #expect(error?.failureClass == .integrity)
    }

    @Test func `fail with the error of their source, without a retry`() async throws {
        let scene = try Scene([Exchange(Self.post, Self.session)])
        await #expect(throws: SourceError.self) {
            _ = try await scene.repository().push(
                blob: Self.blob.descriptor, expecting: .absent, mountingFrom: nil,
                open: { ChunkedBody(chunks: [[1]], breaks: SourceError()) })
        }
        await #expect(throws: SourceError.self) {
            let scene = try Scene([Exchange(Self.post, Self.session)])
            _ = try await scene.repository().push(
                blob: Self.blob.descriptor, expecting: .absent, mountingFrom: nil,
                open: { throw SourceError() })
        }
        scene.wire.expectDone()
    }

    // A token that expires during an upload costs the bytes again, not the upload.
    @Test func `G09 open their source again for a new token`() async throws {
        let challenge: HTTPFields = ["WWW-Authenticate": #"Bearer realm="https://reg.test/token""#]
        let token = "GET https://reg.test/token?scope=repository:app:pull%2Cpush"
        let scene = try Scene([
            Exchange(Self.post, ScriptedResponse(401, challenge)),
            Exchange(token, ScriptedResponse(200, [:], #"{"token":"t1"}"#)),
            Exchange(Self.post, Self.session),
            Exchange(Self.commit, ScriptedResponse(401, challenge)),
            Exchange(token, ScriptedResponse(200, [:], #"{"token":"t2"}"#)),
            Exchange(Self.commit, ScriptedResponse(201)),
        ])
        _ = try await scene.repository().push(
            blob: Self.blob.descriptor, expecting: .absent, mountingFrom: nil, open: Self.blob.open)
        #expect(scene.wire.requests.last?.body == Self.blob.bytes)
        #expect(scene.wire.authorizations.last == "Bearer t2")
        scene.wire.expectDone()
    }
}
