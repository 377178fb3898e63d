// SPDX-License-Identifier: Apache-2.0

import Content
import Hashing
import OCI
import RegistryTestSupport
import Validation

/// Images of different structures.
enum ImageSample {
    static let builder = ImageBuilder()
    static let layer = Layer.tar([.file("/bin/app", "app")])
    static let amd64 = builder.image(.linuxAMD64, layers: [layer])
    static let arm64 = builder.image(.linuxARM64, layers: [layer])
    static let both: [Platform] = [.linuxAMD64, .linuxARM64]

    /// Loads an image from a store as the pipeline does, and runs every rule.
    static func report(
        on image: BuiltImage, _ required: ImageRequirements
    ) async throws -> ValidationReport {
        let store = try await store(image)
        let graph = try await ManifestGraph.read(from: image.root, in: store)
        return Validator().validate(
            try await LoadedImage(graph, in: store, required: required), required: required)
    }

    /// Returns a store with an image.
    static func store(_ image: BuiltImage) async throws -> MemoryStore {
        let store = MemoryStore(at: .layout(directory: "/sample"))
        for (digest, bytes) in image.blobs {
            let blob = Descriptor(mediaType: .octetStream, digest: digest, size: bytes.count)
            _ = try await store.push(blob: blob, expecting: .absent, mountingFrom: nil) {
                BytesInMemory(bytes)
            }
        }
        for manifest in image.manifests {
            try await store.push(manifest: manifest, as: .digest(manifest.descriptor.digest))
        }
        return store
    }

    /// The findings as `severity id platform`.
    static func findings(
        on image: BuiltImage, _ level: ValidationLevel = .config, platforms: [Platform] = both,
        exception: ImageRequirements.Exception? = nil
    ) async throws -> [String] {
        let required = ImageRequirements(platforms: platforms, level: level, exception: exception)
        return try await report(on: image, required).findings.map(\.summary)
    }

    /// Returns an image whose config has these bytes.
    static func image(config: [UInt8], type: MediaType = .ociConfig) -> BuiltImage {
        manifest(
            config: Descriptor(mediaType: type, digest: .of(config), size: config.count),
            blobs: [.of(config): config])
    }

    /// Returns the JSON of an image manifest.
    static func manifest(
        config: Descriptor, layers: String = "[]", blobs: [Digest: [UInt8]]
    ) -> BuiltImage {
        let text = """
            {"schemaVersion": 2, "mediaType": "\(MediaType.ociManifest)", "config": {
             "mediaType": "\(config.mediaType)", "digest": "\(config.digest)",
             "size": \(config.size)}, "layers": \(layers)}
            """
        return BuiltImage(
            root: RawManifest(describing: Array(text.utf8), as: .ociManifest), blobs: blobs)
    }
}

extension Finding {
    var summary: String {
        "\(severity.rawValue) \(id.rawValue)" + (platform.map { " \($0)" } ?? "")
    }
}
