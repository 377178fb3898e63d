// SPDX-License-Identifier: Apache-2.0

import Content
import OCI
import RegistryTestSupport
import StrictJSON

extension ManifestName {
    /// A tag as a name.
    static func tag(_ name: String) throws -> ManifestName { .tag(try Tag(parsing: name)) }
}

extension BuiltImage {
    /// Pushes everything, children first, the root by tag or digest.
    func push(to store: some ContentSink, as tag: String?) async throws {
        try await pushBlobs(to: store)
        for manifest in manifests.dropLast() {
            try await store.push(manifest: manifest, as: .digest(manifest.descriptor.digest))
        }
        try await store.push(manifest: root, as: tag.map { try .tag($0) } ?? .digest(digest))
    }

    func pushBlobs(to store: some ContentSink) async throws {
        for (digest, bytes) in blobs {
            let blob = Descriptor(mediaType: .octetStream, digest: digest, size: bytes.count)
            _ = try await store.push(blob: blob, expecting: .absent, mountingFrom: nil) {
                VerifiedStream(BytesInMemory(bytes), verifying: blob)
            }
        }
    }
}

extension JSONValue? {
    /// The value of a member; `nil` if there is none.
    subscript(name: String) -> JSONValue? {
        guard case .object(let members)? = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    var elements: [JSONValue] {
        if case .array(let elements)? = self { elements } else { [] }
    }

    var text: String? {
        if case .string(let text)? = self { text } else { nil }
    }
}

extension JSONValue {
    subscript(name: String) -> JSONValue? { Optional(self)[name] }
}
