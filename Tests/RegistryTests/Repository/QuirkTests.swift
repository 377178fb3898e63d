// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing

@testable import Registry

/// Deviations of registries from the specification, one per row.
@Suite(.timeLimit(.minutes(10))) struct `Quirks` {
    /// The steps of an upload that succeeds nevertheless.
    struct Upload: Sendable, CustomTestStringConvertible {
        let registry: String
        let testDescription: String
        var sibling: String?
        /// The responses to the requests in `steps`.
        let steps: [(String, ScriptedResponse)]

        init(
            _ registry: String, _ description: String, mountingFrom sibling: String? = nil,
            _ steps: [(String, ScriptedResponse)]
        ) {
            self.registry = registry
            self.testDescription = "\(registry): \(description)"
            self.sibling = sibling
            self.steps = steps
        }
    }

    private static let blob = Sample.blob
    private static let session = ScriptedResponse(202, ["Location": "/v2/app/blobs/uploads/1"])
    private static let mount = "POST ?mount=\(blob.digest)&from=other"
    private static let commit = "PUT 1?digest=\(blob.digest)"

    private static func message(_ status: Int, _ code: String, _ message: String = "")
        -> ScriptedResponse
    {
        ScriptedResponse(status, [:], #"{"errors":[{"code":"\#(code)","message":"\#(message)"}]}"#)
    }

    static let uploads = [
        // aws/containers-roadmap#1459: without the account's setting a mount is a session.
        Upload(
            "1.dkr.ecr.eu-west-1.amazonaws.com", "a mount becomes a session",
            mountingFrom: "other", [(mount, session), (commit, ScriptedResponse(201))]),
        // goharbor/harbor#17097.
        Upload(
            "harbor.example.com", "a mount from a project that is not there is rejected with 401",
            mountingFrom: "other",
            [
                (mount, message(401, "UNAUTHORIZED")), ("POST ", session),
                (commit, ScriptedResponse(201)),
            ]),
        // goharbor/harbor#22078.
        Upload(
            "harbor.example.com", "a mount from an odd name is rejected with 400",
            mountingFrom: "other",
            [
                (mount, message(400, "BAD_REQUEST", "invalid repository name")),
                ("POST ", session), (commit, ScriptedResponse(201)),
            ]),
        // docker/buildx#196.
        Upload(
            "docker.artifactory.example.com", "a session is not there at its first use",
            [
                ("POST ", session), (commit, message(404, "BLOB_UPLOAD_UNKNOWN")),
                ("HEAD blob", ScriptedResponse(404)), ("POST ", session),
                (commit, ScriptedResponse(201)),
            ]),
        // Google's registries support only one PUT.
        Upload(
            "europe-docker.pkg.dev", "all bytes go in one PUT",
            [("POST ", session), (commit, ScriptedResponse(201))]),
        // docker-registry 2.8 and 3 lose a session when its body is interrupted.
        Upload(
            "registry.example.com", "a session whose body broke is gone",
            [
                ("POST ", session), (commit, .failing(.interrupted)),
                ("HEAD blob", ScriptedResponse(404)),
                ("POST ", session), (commit, ScriptedResponse(201)),
            ]),
        // zot responds 202 to a PUT that it still processes.
        Upload(
            "zot.example.com", "a commit is accepted",
            [
                ("POST ", session), (commit, ScriptedResponse(202)),
                ("HEAD blob", ScriptedResponse(404)),
                ("HEAD blob", ScriptedResponse(200, blob.fields)),
            ]),
    ]

    @Test(arguments: uploads)
    func `of a target do not prevent the upload of a blob`(upload: Upload) async throws {
        let base = "https://\(upload.registry)/v2/app/blobs/"
        let exchanges = upload.steps.map { line, response in
            line == "HEAD blob"
                ? Exchange("HEAD \(base)\(Self.blob.digest)", response)
                : Exchange(line.replacing(" ", with: " \(base)uploads/"), response)
        }
        let scene = try Scene(exchanges)
        let sibling = try upload.sibling.map {
            StoreLocation.repository(try Repository(parsing: "\(upload.registry)/\($0)"))
        }
        _ = try await scene.repository("\(upload.registry)/app").push(
            blob: Self.blob.descriptor, expecting: .absent, mountingFrom: sibling,
            open: Self.blob.open)
        scene.wire.expectDone()
    }

    /// An error response that ends a request, and its message for users.
    struct Refusal: Sendable, CustomTestStringConvertible {
        let registry: String
        let testDescription: String
        let writes: Bool
        let response: ScriptedResponse
        let failureClass: FailureClass
        let advice: String?

        init(
            _ registry: String, _ description: String, writing writes: Bool,
            _ response: ScriptedResponse,
            _ failureClass: FailureClass, advice: String? = nil
        ) {
            self.registry = registry
            self.testDescription = "\(registry): \(description)"
            self.writes = writes
            self.response = response
            self.failureClass = failureClass
            self.advice = advice
        }
    }

    static let rejections = [
        // aws/containers-roadmap#853.
        Refusal(
            "1.dkr.ecr.eu-west-1.amazonaws.com", "repositories are made beforehand", writing: true,
            message(404, "NAME_UNKNOWN", "The repository with name 'app' does not exist"), .missing,
            advice: "create the repository first"),
        Refusal(
            "public.ecr.aws", "too many requests", writing: false,
            message(429, "TOOMANYREQUESTS", "Rate exceeded"), .throttled,
            advice: "run again later"),
        // goharbor/harbor PR#12792.
        Refusal(
            "harbor.example.com", "nothing is pushed to a proxy project", writing: true,
            message(403, "DENIED", "can not push artifact to a proxy project"), .denied,
            advice: "log in with"),
        Refusal(
            "harbor.example.com", "what is missing has a code of its own", writing: false,
            message(404, "NOT_FOUND", "artifact app:1 not found"), .missing),
        // GoogleCloudPlatform: quota by region.
        Refusal(
            "europe-docker.pkg.dev", "the quota of the region", writing: true,
            message(429, "TOOMANYREQUESTS", "Quota exceeded for quota metric"), .throttled),
        Refusal(
            "europe-docker.pkg.dev", "no right to upload", writing: true,
            message(
                403, "DENIED", "Permission artifactregistry.repositories.uploadArtifacts denied"),
            .denied, advice: "log in with"),
        // JFrog RTFACT-13797: 403 for missing content in a virtual repository.
        Refusal(
            "docker.artifactory.example.com", "missing and forbidden look alike", writing: false,
            message(403, "DENIED"), .denied, advice: "private or missing"),
        // A distribution 3 that validates platforms, or a Docker type as subject
        // (distribution#4927).
        Refusal(
            "registry.example.com", "no room is left", writing: true,
            message(507, "UNAVAILABLE", "no space left on device"), .unavailable),
    ]

    @Test(arguments: rejections)
    func `have helpful messages`(row: Refusal) async throws {
        let base = "https://\(row.registry)/v2/app/"
        let line =
            row.writes
            ? "POST \(base)blobs/uploads/" : "GET \(base)manifests/\(Sample.manifest.digest)"
        let scene = try Scene([Exchange](repeating: Exchange(line, row.response), count: 12))
        let repository = try scene.repository("\(row.registry)/app")
        let error = try #require(
            await #expect(throws: RegistryError.self) {
                guard row.writes else {
                    _ = try await repository.fetch(manifest: Sample.manifest.descriptor)
                    return
                }
                _ = try await repository.push(
                    blob: Self.blob.descriptor, expecting: .absent, mountingFrom: nil,
                    open: Self.blob.open)
            })
        #expect(error.failureClass == row.failureClass)
        #expect(error.description.contains("\(row.registry)/app"))
        if let advice = row.advice { #expect(error.hint?.contains(advice) == true) }
    }

    // 404 and 405 to HEAD, or a HEAD without a digest (registry.redhat.io), are inconclusive.
    @Test(arguments: ["registry.redhat.io", "cgr.dev", "quay.example.com"])
    func `of HEAD are resolved by GET`(registry: String) async throws {
        let url = "https://\(registry)/v2/app/manifests/1"
        let scene = try Scene([
            Exchange("HEAD \(url)", ScriptedResponse(200, ["Content-Type": "text/html"])),
            Exchange(
                "GET \(url)",
                ScriptedResponse(
                    200, Sample.manifest.fields,
                    String(decoding: Sample.manifest.bytes, as: UTF8.self))
            ),
        ])
        let found = try await scene.repository("\(registry)/app")
            .resolve(.tag(Tag(parsing: "1")))
        #expect(found?.digest == Sample.manifest.digest)
    }

    // Only the text of a response distinguishes GHCR's secondary limit from missing access, and
    // HEAD has none.
    @Test func `of GHCR's 403 are distinguished by GET`() async throws {
        let url = "https://ghcr.io/v2/app/manifests/1"
        let limit = ScriptedResponse(
            403, [:], "denied: secondary rate limit exceeded, wait a few minutes")
        let scene = try Scene(
            [Exchange("HEAD \(url)", ScriptedResponse(403))]
                + (0..<3).map { _ in Exchange("GET \(url)", limit) })
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository("ghcr.io/app").resolve(.tag(Tag(parsing: "1")))
        }
        #expect(error?.failureClass == .throttled)
        // A third wait would exceed the retry budget of five minutes.
        #expect(scene.time.waits.count == 2)
        scene.wire.expectDone()
    }

    // A blob store rejects an expired link; the registry issues a new one.
    @Test func `of blob stores are retried with a new link`() async throws {
        let blob = "https://reg.test/v2/app/blobs/\(Self.blob.digest)"
        let stored = ScriptedResponse(
            200, ["Content-Length": "\(Self.blob.bytes.count)"], bytes: [Self.blob.bytes])
        func leads(_ number: Int) -> Exchange {
            Exchange(
                "GET \(blob)", ScriptedResponse(307, ["Location": "https://store.test/\(number)"]))
        }
        let scene = try Scene([
            leads(1),
            Exchange("GET https://store.test/1", ScriptedResponse(403, [:], "Request has expired")),
            leads(2), Exchange("GET https://store.test/2", stored),
        ])
        let stream = try await scene.repository().fetch(blob: Self.blob.descriptor)
        #expect(try await collect(stream) == Self.blob.bytes)
        scene.wire.expectDone()
    }
}
