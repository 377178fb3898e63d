// SPDX-License-Identifier: Apache-2.0

import Content
import CurlHTTP
import HTTP
import OCI
import RegistryTestSupport

@testable import Registry

/// A client with real connections to one registry on this machine.
struct RealScene: Sendable {
    let time = VirtualTime()
    let events = EventLog()
    let network: RegistryClientPool

    /// Creates a scene; waits between attempts take no time.
    init(
        _ host: String, plainHTTP: Bool = true, caFile: String? = nil,
        credential: Credential? = nil, credentials: CredentialStore? = nil,
        dialect: UploadDialect? = nil, concurrency: Int = 6
    ) throws {
        let registry = try RegistryHost(parsing: host)
        var configuration = CurlTransport.Configuration()
        configuration.trust = [
            try Origin.of(registry, plainHTTP: plainHTTP): TLSTrust(caFile: caFile)
        ]
        let settings = RegistrySettings.with {
            $0.plainHTTP = plainHTTP
            $0.uploadDialect = dialect
            $0.concurrency = concurrency
        }
        self.network = RegistryClientPool(
            transport: CurlTransport(configuration),
            // A stalled response ends only with its task, however slow the machine is.
            options: .init(
                registries: [registry: settings], timeouts: HTTPTimeouts(idle: .seconds(600)),
                time: time.timekeeper),
            credentials: credentials
                ?? CredentialStore(
                    given: credential.map { [registry: $0] } ?? [:], environment: [:]),
            events: { [events] in events.append($0) })
    }
}

extension RemoteRepository {
    /// Pushes an image: blobs, child manifests, then the root by its tag.
    @discardableResult
    func push(
        _ image: BuiltImage, as tag: String, mountingFrom sibling: Repository? = nil
    ) async throws -> [BlobPushResult] {
        var arrivals: [BlobPushResult] = []
        for (digest, bytes) in image.blobs.sorted(by: { $0.key < $1.key }) {
            let blob = Descriptor(mediaType: .octetStream, digest: digest, size: bytes.count)
            arrivals.append(
                try await push(
                    blob: blob, expecting: .absent, mountingFrom: sibling.map { .repository($0) },
                    open: { VerifiedStream(BytesInMemory(bytes), verifying: blob) }))
        }
        for manifest in image.manifests.dropLast() {
            try await push(manifest: manifest, as: .digest(manifest.descriptor.digest))
        }
        try await push(manifest: image.root, as: .tag(Tag(parsing: tag)))
        return arrivals
    }

    /// Returns a Boolean value that indicates whether the image has the expected bytes.
    func holds(_ image: BuiltImage, as tag: String) async throws -> Bool {
        guard try await resolve(.tag(Tag(parsing: tag))) == image.root.descriptor else {
            return false
        }
        for manifest in image.manifests {
            let read = try await fetch(manifest: manifest.descriptor)
            guard read.bytes == manifest.bytes else { return false }
        }
        for (digest, bytes) in image.blobs {
            let blob = Descriptor(mediaType: .octetStream, digest: digest, size: bytes.count)
            guard try await exists(blob: blob), try await collect(fetch(blob: blob)) == bytes
            else { return false }
        }
        return true
    }
}
