// SPDX-License-Identifier: Apache-2.0

import Hashing
import OCI
import RegistryTestSupport
import StrictJSON
import Testing

/// Finds signatures with curl, as cosign and other clients do.
struct SignatureReader {
    let host: String
    let repository: String

    private func get(_ path: String) async throws -> (status: Int, bytes: [UInt8]) {
        let folder = try TemporaryFolder()
        let result = try await SpawnedProcess.run(
            "curl",
            [
                "--silent", "--output", folder("body"), "--write-out", "%{http_code}", "--header",
                "Accept: application/vnd.oci.image.index.v1+json,application/vnd.oci.image.manifest.v1+json",
                "http://\(host)/v2/\(repository)/\(path)",
            ])
        return (Int(result.output) ?? 0, folder.read("body"))
    }

    private func json(_ path: String) async throws -> JSONValue {
        try JSONValue(parsing: try await get(path).bytes)
    }

    /// The entries of the registry's list of referrers, or of the fallback tag.
    private func referrers(of digest: Digest) async throws -> [JSONValue] {
        var answer = try await get("referrers/\(digest)")
        if answer.status == 404 { answer = try await get("manifests/sha256-\(digest.hex)") }
        guard answer.status == 200,
            case .array(let entries)? = try JSONValue(parsing: answer.bytes)["manifests"]
        else { return [] }
        return entries
    }

    /// Returns the content of the artifacts of a type, or of any type, that refer to a manifest.
    func content(of digest: Digest, _ type: String?) async throws -> [String] {
        var found: [String] = []
        for entry in try await referrers(of: digest)
        where type == nil || entry["artifactType"]?.plain == type {
            let name = try #require(entry["digest"]?.plain)
            let manifest = try await get("manifests/\(name)").bytes
            #expect(Digest.of(manifest).description == name)
            found.append(try await content(of: try JSONValue(parsing: manifest)))
        }
        return found
    }

    /// The annotations of the first referrer in the list.
    func annotations(of digest: Digest) async throws -> [String: String] {
        guard case .object(let members)? = try await referrers(of: digest).first?["annotations"]
        else { return [:] }
        return members.reduce(into: [:]) { $0[$1.name] = $1.value.plain }
    }

    func content(underTag tag: String) async throws -> String {
        try await content(of: try await json("manifests/\(tag)"))
    }

    private func content(of manifest: JSONValue) async throws -> String {
        guard case .array(let layers)? = manifest["layers"],
            let name = layers.first?["digest"]?.plain
        else { return "" }
        return String(decoding: try await get("blobs/\(name)").bytes, as: UTF8.self)
    }
}

extension JSONValue {
    /// The value of a string.
    fileprivate var plain: String? {
        if case .string(let text) = self { text } else { nil }
    }
}
