// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing

@testable import Registry

/// What single registries do that no specification says, a row each.
@Suite struct `Quirks` {
    /// Steps of an upload that ends well all the same.
    struct Upload: Sendable, CustomTestStringConvertible {
        let registry: String
        let testDescription: String
        var sibling: String?
        /// The answers, to what is asked in `steps`.
        let steps: [(String, Answer)]

        init(
            _ registry: String, _ description: String, mountingFrom sibling: String? = nil,
            _ steps: [(String, Answer)]
        ) {
            self.registry = registry
            self.testDescription = "\(registry): \(description)"
            self.sibling = sibling
            self.steps = steps
        }
    }

    private static let blob = Sample.blob
    private static let session = Answer(202, ["Location": "/v2/app/blobs/uploads/1"])
    private static let mount = "POST ?mount=\(blob.digest)&from=other"
    private static let commit = "PUT 1?digest=\(blob.digest)"

    private static func refusal(_ status: Int, _ code: String, _ message: String = "") -> Answer {
        Answer(status, [:], #"{"errors":[{"code":"\#(code)","message":"\#(message)"}]}"#)
    }

    static let uploads = [
        // aws/containers-roadmap#1459: without the account's setting a mount is a session.
        Upload(
            "1.dkr.ecr.eu-west-1.amazonaws.com", "a mount becomes a session",
            mountingFrom: "other", [(mount, session), (commit, Answer(201))]),
        // goharbor/harbor#17097.
        Upload(
            "harbor.example.com", "a mount from a project that is not there is rejected with 401",
            mountingFrom: "other",
            [(mount, refusal(401, "UNAUTHORIZED")), ("POST ", session), (commit, Answer(201))]),
        // goharbor/harbor#22078.
        Upload(
            "harbor.example.com", "a mount from an odd name is rejected with 400",
            mountingFrom: "other",
            [
                (mount, refusal(400, "BAD_REQUEST", "invalid repository name")),
                ("POST ", session), (commit, Answer(201)),
            ]),
        // docker/buildx#196.
        Upload(
            "docker.artifactory.example.com", "a session is not there at its first use",
            [
                ("POST ", session), (commit, refusal(404, "BLOB_UPLOAD_UNKNOWN")),
                ("HEAD blob", Answer(404)), ("POST ", session), (commit, Answer(201)),
            ]),
        // One PUT is all that Google's registries take.
        Upload(
            "europe-docker.pkg.dev", "all bytes go in one PUT",
            [("POST ", session), (commit, Answer(201))]),
        // docker-registry 2.8 and 3 forget a session whose body broke.
        Upload(
            "registry.example.com", "a session whose body broke is gone",
            [
                ("POST ", session), (commit, .failing(.interrupted)), ("HEAD blob", Answer(404)),
                ("POST ", session), (commit, Answer(201)),
            ]),
        // zot answers 202 to a PUT that it still works on.
        Upload(
            "zot.example.com", "a commit is accepted", [("POST ", session), (commit, Answer(202))]),
    ]

    @Test(arguments: uploads)
    func `of a target keep no blob from it`(upload: Upload) async throws {
        let base = "https://\(upload.registry)/v2/app/blobs/"
        let exchanges = upload.steps.map { line, answer in
            line == "HEAD blob"
                ? Exchange("HEAD \(base)\(Self.blob.digest)", answer)
                : Exchange(line.replacing(" ", with: " \(base)uploads/"), answer)
        }
        let scene = try Scene(exchanges)
        let sibling = try upload.sibling.map {
            StoreLocation.repository(try Repository(parsing: "\(upload.registry)/\($0)"))
        }
        _ = try await scene.repository("\(upload.registry)/app").push(
            blob: Self.blob.descriptor, mountingFrom: sibling, open: Self.blob.open)
        scene.wire.expectDone()
    }

    /// An answer that ends a request, and what users are told of it.
    struct Refusal: Sendable, CustomTestStringConvertible {
        let registry: String
        let testDescription: String
        let writes: Bool
        let answer: Answer
        let failureClass: FailureClass
        let advice: String?

        init(
            _ registry: String, _ description: String, writing writes: Bool, _ answer: Answer,
            _ failureClass: FailureClass, advice: String? = nil
        ) {
            self.registry = registry
            self.testDescription = "\(registry): \(description)"
            self.writes = writes
            self.answer = answer
            self.failureClass = failureClass
            self.advice = advice
        }
    }

    static let refusals = [
        // aws/containers-roadmap#853.
        Refusal(
            "1.dkr.ecr.eu-west-1.amazonaws.com", "repositories are made beforehand", writing: true,
            refusal(404, "NAME_UNKNOWN", "The repository with name 'app' does not exist"), .missing,
            advice: "repository to be created first"),
        Refusal(
            "public.ecr.aws", "too many requests", writing: false,
            refusal(429, "TOOMANYREQUESTS", "Rate exceeded"), .throttled,
            advice: "run again later"),
        // goharbor/harbor PR#12792.
        Refusal(
            "harbor.example.com", "nothing is pushed to a proxy project", writing: true,
            refusal(403, "DENIED", "can not push artifact to a proxy project"), .denied,
            advice: "lack the right"),
        Refusal(
            "harbor.example.com", "what is missing has a code of its own", writing: false,
            refusal(404, "NOT_FOUND", "artifact app:1 not found"), .missing),
        // GoogleCloudPlatform: quota by region.
        Refusal(
            "europe-docker.pkg.dev", "the quota of the region", writing: true,
            refusal(429, "TOOMANYREQUESTS", "Quota exceeded for quota metric"), .throttled),
        Refusal(
            "europe-docker.pkg.dev", "no right to upload", writing: true,
            refusal(
                403, "DENIED", "Permission artifactregistry.repositories.uploadArtifacts denied"),
            .denied, advice: "lack the right"),
        // JFrog RTFACT-13797: 403 for what is missing in a virtual repository.
        Refusal(
            "docker.artifactory.example.com", "missing and forbidden look alike", writing: false,
            refusal(403, "DENIED"), .denied, advice: "private or missing"),
        // A distribution 3 that validates platforms, or a Docker type as subject (distribution#4927).
        Refusal(
            "registry.example.com", "no room is left", writing: true,
            refusal(507, "UNAVAILABLE", "no space left on device"), .unavailable),
    ]

    @Test(arguments: refusals)
    func `are told in words that help`(row: Refusal) async throws {
        let base = "https://\(row.registry)/v2/app/"
        let line =
            row.writes
            ? "POST \(base)blobs/uploads/" : "GET \(base)manifests/\(Sample.manifest.digest)"
        let scene = try Scene([Exchange](repeating: Exchange(line, row.answer), count: 12))
        let repository = try scene.repository("\(row.registry)/app")
        let error = try #require(
            await #expect(throws: RegistryError.self) {
                guard row.writes else {
                    _ = try await repository.fetch(manifest: Sample.manifest.descriptor)
                    return
                }
                _ = try await repository.push(
                    blob: Self.blob.descriptor, mountingFrom: nil, open: Self.blob.open)
            })
        #expect(error.failureClass == row.failureClass)
        #expect(error.description.contains("\(row.registry)/app"))
        if let advice = row.advice { #expect(error.hint?.contains(advice) == true) }
    }

    // 404 and 405 to HEAD, or a HEAD without a digest (registry.redhat.io), say too little.
    @Test(arguments: ["registry.redhat.io", "cgr.dev", "quay.example.com"])
    func `of HEAD are answered by a GET`(registry: String) async throws {
        let url = "https://\(registry)/v2/app/manifests/1"
        let scene = try Scene([
            Exchange("HEAD \(url)", Answer(200, ["Content-Type": "text/html"])),
            Exchange(
                "GET \(url)",
                Answer(
                    200, Sample.manifest.fields,
                    String(decoding: Sample.manifest.bytes, as: UTF8.self))
            ),
        ])
        let found = try await scene.repository("\(registry)/app")
            .resolve(.tag(Tag(parsing: "1")))
        #expect(found?.digest == Sample.manifest.digest)
    }

    // Only the text of an answer tells GHCR's secondary limit from a refusal, and HEAD has none.
    @Test func `of GHCR are told apart by reading what HEAD was refused`() async throws {
        let url = "https://ghcr.io/v2/app/manifests/1"
        let limit = Answer(403, [:], "denied: secondary rate limit exceeded, wait a few minutes")
        let scene = try Scene(
            [Exchange("HEAD \(url)", Answer(403))]
                + (0..<4).map { _ in Exchange("GET \(url)", limit) })
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository("ghcr.io/app").resolve(.tag(Tag(parsing: "1")))
        }
        #expect(error?.failureClass == .throttled)
        scene.wire.expectDone()
    }

    // A store refuses a link that expired on its way; the registry has a fresh one.
    @Test func `of stores are asked about once more`() async throws {
        let blob = "https://reg.test/v2/app/blobs/\(Self.blob.digest)"
        let stored = Answer(
            200, ["Content-Length": "\(Self.blob.bytes.count)"], bytes: [Self.blob.bytes])
        func leads(_ number: Int) -> Exchange {
            Exchange("GET \(blob)", Answer(307, ["Location": "https://store.test/\(number)"]))
        }
        let scene = try Scene([
            leads(1), Exchange("GET https://store.test/1", Answer(403, [:], "Request has expired")),
            leads(2), Exchange("GET https://store.test/2", stored),
        ])
        let stream = try await scene.repository().fetch(blob: Self.blob.descriptor)
        #expect(try await collect(stream) == Self.blob.bytes)
        scene.wire.expectDone()
    }
}
