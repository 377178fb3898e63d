// SPDX-License-Identifier: Apache-2.0

import Hashing
import OCI
import RegistryTestSupport

/// A registry's response to one step of a sequence, without anything that differs between runs.
struct Observation: Hashable, CustomStringConvertible {
    let step: String
    let status: Int
    let code: String?
    let headers: [String: String]

    /// The header fields that clients rely on.
    private static let compared = [
        "Content-Type", "Content-Range", "Docker-Content-Digest", "Location", "Range",
        "WWW-Authenticate", "Docker-Distribution-Api-Version",
    ]

    init(_ step: String, _ response: PlainResponse, isHead: Bool) {
        self.step = step
        status = response.status
        code = response.code
        var headers: [String: String] = [:]
        for name in Self.compared {
            // docker-registry sends the version with every response; clients rely only on the
            // ping's.
            if name == "Docker-Distribution-Api-Version", step != "ping" { continue }
            headers[name] = response.headers[name].map(Self.withoutNames)
        }
        // Errors are compared by their code, not by their text.
        if isHead, response.status < 300 {
            headers["Content-Length"] = response.headers["Content-Length"]
        }
        self.headers = headers
    }

    /// Upload ids and states differ between registries; parameters of media types are optional.
    private static func withoutNames(_ value: String) -> String {
        guard let id = value.firstRange(of: "/blobs/uploads/") else {
            return String(value.prefix { $0 != ";" })
        }
        return value[..<id.upperBound] + (value.contains("?_state=") ? "ID?_state=STATE" : "ID")
    }

    var description: String {
        "\(step): \(status) \(code ?? "") \(headers.sorted { $0.key < $1.key })"
    }
}

/// A sequence of requests to which every registry must respond equally.
struct Conformance {
    let client: PlainClient
    private(set) var observations: [Observation] = []
    private let blob = Array("a blob of the conformance sequence".utf8)
    private let repository = "/v2/library/app"
    private let image = ImageBuilder().multiPlatform(seed: 42)
    private let accepted = [("Accept", MediaType.manifests.map(\.name).joined(separator: ", "))]

    init(_ client: PlainClient) { self.client = client }

    mutating func run() async throws -> [Observation] {
        try await ping()
        try await pushInOneRequest()
        try await pushInChunks()
        try await spoilUploads()
        try await mount()
        try await pushManifests()
        try await pull()
        try await delete()
        return observations
    }

    @discardableResult
    private mutating func step(
        _ name: String, _ method: RequestMethod, _ target: String,
        _ headers: [(String, String)] = [], body: [UInt8] = []
    ) async throws -> PlainResponse {
        let response = try await client.send(method, target, headers, body: body)
        observations.append(Observation(name, response, isHead: method == .head))
        return response
    }

    /// Begins an upload and returns its location, to which a query can be appended.
    private mutating func begin() async throws -> String {
        try await step("begin", .post, "\(repository)/blobs/uploads/").headers["Location"] ?? ""
    }

    private mutating func ping() async throws {
        try await step("ping", .get, "/v2/")
        try await step("unknown path", .get, "\(repository)/nothing")
        try await step("tags of an unknown repository", .get, "\(repository)/tags/list")
        try await step("unknown blob", .get, "\(repository)/blobs/\(Digest.of(blob))")
        try await step("unknown manifest", .get, "\(repository)/manifests/1.0", accepted)
        try await step("HEAD of an unknown manifest", .head, "\(repository)/manifests/1.0")
    }

    private mutating func pushInOneRequest() async throws {
        let location = try await begin()
        try await step("PUT", .put, "\(location)&digest=\(Digest.of(blob))", body: blob)
        let path = "\(repository)/blobs/\(Digest.of(blob))"
        try await step("HEAD blob", .head, path)
        try await step("GET blob", .get, path)
        try await step("range", .get, path, [("Range", "bytes=2-5")])
        try await step("open range", .get, path, [("Range", "bytes=30-")])
        try await step("last bytes", .get, path, [("Range", "bytes=-4")])
        try await step("range behind the end", .get, path, [("Range", "bytes=99-")])
    }

    private mutating func pushInChunks() async throws {
        var location = try await begin()
        for chunk in [blob[..<10], blob[10...]] {
            let response = try await step(
                "PATCH", .patch, location,
                [
                    ("Content-Type", "application/octet-stream"),
                    ("Content-Range", "\(chunk.startIndex)-\(chunk.endIndex - 1)"),
                ], body: Array(chunk))
            location = response.headers["Location"] ?? ""
            let status = try await step("status", .get, location)
            location = status.headers["Location"] ?? ""
        }
        try await step("end", .put, "\(location)&digest=\(Digest.of(blob))")
        try await step("status after the end", .get, location)
    }

    private mutating func spoilUploads() async throws {
        var location = try await begin()
        try await step("cancel", .delete, location)
        try await step("status after the cancel", .get, location)
        location = try await begin()
        try await step("wrong digest", .put, "\(location)&digest=\(Digest.of([1]))", body: blob)
        location = try await begin()
        try await step("no digest", .put, location, body: blob)
        location = try await begin()
        try await step("bad digest", .put, "\(location)&digest=sha256:12", body: blob)
        location = try await begin()
        try await step(
            "form", .put, "\(location)&digest=\(Digest.of(blob))",
            [("Content-Type", "application/x-www-form-urlencoded")], body: blob)
        location = try await begin()
        let bare = location.prefix { $0 != "?" }
        try await step("state not kept", .put, "\(bare)?digest=\(Digest.of(blob))", body: blob)
    }

    private mutating func mount() async throws {
        let uploads = "/v2/library/other/blobs/uploads/"
        let from = "from=library/app"
        try await step("mount", .post, "\(uploads)?mount=\(Digest.of(blob))&\(from)")
        try await step("mounted", .head, "/v2/library/other/blobs/\(Digest.of(blob))")
        try await step("failed mount", .post, "\(uploads)?mount=\(Digest.of([7]))&\(from)")
    }

    private mutating func pushManifests() async throws {
        try await put("index without children", image.root, "1.0")
        try await put("image without blobs", image.manifests[0], "1.0")
        try await publish()
        try await put("index again", image.root, "1.0")
        try await put("wrong digest", image.root, Digest.of([1]).description)
        try await step(
            "garbage", .put, "\(repository)/manifests/bad",
            [("Content-Type", MediaType.ociIndex.name)], body: Array("{".utf8))
    }

    /// Pushes the image as a client should, under each of the tags.
    mutating func publish(tags: [String] = ["1.0"]) async throws {
        for (digest, bytes) in image.blobs.sorted(by: { $0.key < $1.key }) {
            let location = try await begin()
            try await step("blob", .put, "\(location)&digest=\(digest)", body: bytes)
        }
        for child in image.manifests.dropLast() {
            try await put("child", child, child.descriptor.digest.description)
        }
        for tag in tags { try await put("index", image.root, tag) }
    }

    private mutating func put(
        _ name: String, _ manifest: RawManifest, _ reference: String
    ) async throws {
        try await step(
            name, .put, "\(repository)/manifests/\(reference)",
            [("Content-Type", manifest.descriptor.mediaType.name)], body: manifest.bytes)
    }

    private mutating func pull() async throws {
        for reference in ["1.0", image.digest.description] {
            let path = "\(repository)/manifests/\(reference)"
            try await step("HEAD \(reference)", .head, path, accepted)
            let response = try await step("GET \(reference)", .get, path, accepted)
            guard response.body == image.root.bytes else { throw PlainClient.ConnectionLost() }
        }
        try await step(
            "not accepted", .get, "\(repository)/manifests/1.0",
            [("Accept", MediaType.dockerManifest.name)])
        try await step("tags", .get, "\(repository)/tags/list")
    }

    private mutating func delete() async throws {
        let manifest = "\(repository)/manifests/\(image.digest)"
        try await step("delete manifest", .delete, manifest)
        try await step("deleted manifest", .get, manifest, accepted)
        try await step("tag of a deleted manifest", .get, "\(repository)/manifests/1.0", accepted)
        try await step("delete it again", .delete, manifest)
        let path = "\(repository)/blobs/\(Digest.of(blob))"
        try await step("delete blob", .delete, path)
        try await step("deleted blob", .get, path)
    }
}
