// SPDX-License-Identifier: Apache-2.0

public import Content
internal import HTTP
public import OCI

extension RemoteRepository {
    /// Writes a manifest byte for byte; by a tag, this is what moves the tag.
    ///
    /// - Throws: ``RegistryError``; its class is `integrity` where the registry keeps another digest,
    ///   and `incomplete` where it lacks what the manifest points at.
    @discardableResult
    public func push(
        manifest: RawManifest, as name: ManifestName
    ) async throws -> ManifestPushResult {
        var waits: ArraySlice<Duration> = [.seconds(1), .seconds(2), .seconds(4)]
        while true {
            do {
                return try await put(manifest, as: name)
            } catch let error as RegistryError where error.failureClass == .incomplete {
                // GHCR and ECR know a blob only a moment after they took it.
                guard try await holdsAll(below: manifest), let wait = waits.popFirst() else {
                    throw error
                }
                try await client.retrier.time.sleep(wait)
            } catch let error as RegistryError where error.isAboutImmutableTag {
                try await allow(manifest, under: name, refusedWith: error)
                return ManifestPushResult(isListed: false)
            }
        }
    }

    private func put(
        _ manifest: RawManifest, as name: ManifestName
    ) async throws -> ManifestPushResult {
        let operation = operation(.manifestPut, "writing the manifest \(name)", writes: true)
        guard manifest.bytes.count <= RawManifest.maximumSize else { throw tooLarge(operation) }
        let call = RegistryRequest(
            operation: operation, method: .put, url: try url("manifests/\(name)"),
            fields: ["Content-Type": manifest.descriptor.mediaType.name],
            body: .bytes(manifest.bytes), accepted: [200, 201, 202, 204], firstByte: .commit)
        let fields = try await client.send(call) { $0.fields }
        try await confirm(manifest, as: name, stated: fields.contentDigest, operation)
        return ManifestPushResult(isListed: fields["oci-subject"] != nil)
    }

    // MARK: After the answer

    /// Proves that the registry keeps these very bytes.
    ///
    /// What it states is enough, unless it states nothing or is known to show things late.
    private func confirm(
        _ manifest: RawManifest, as name: ManifestName, stated: Digest?, _ operation: Operation
    ) async throws {
        let expected = manifest.descriptor.digest
        var kept = stated
        var isSettled = stated == expected && !(name.isTag && client.host.isEventuallyConsistent)
        var waits: ArraySlice<Duration> = [1, 2, 4, 8, 16, 29].map { .seconds($0) }[...]
        while !isSettled, stated == nil || stated == expected {
            kept = try await resolve(name)?.digest
            isSettled = kept == expected || (kept != nil && !client.host.isEventuallyConsistent)
            guard !isSettled else { break }
            guard let wait = waits.popFirst() else {
                throw RegistryError(
                    .unavailable, operation, "it was taken, and is not to be seen after a minute",
                    hint: "run again later")
            }
            try await client.retrier.time.sleep(wait)
        }
        guard kept == expected else {
            throw RegistryError(
                .integrity, operation,
                "the registry keeps \(kept.map(\.description) ?? "nothing") in place of \(expected)"
            )
        }
    }

    // MARK: After a refusal

    /// Whether everything that a manifest points at is here.
    private func holdsAll(below manifest: RawManifest) async throws -> Bool {
        let below = Successors(of: try manifest.decoded())
        for blob in below.blobs.distinct {
            guard try await exists(blob: blob) else { return false }
        }
        for child in below.manifests.distinct {
            guard try await resolve(.digest(child.digest)) != nil else { return false }
        }
        return true
    }

    /// A tag that must not move need not, where it stands for this manifest already.
    private func allow(
        _ manifest: RawManifest, under name: ManifestName, refusedWith error: RegistryError
    ) async throws {
        guard case .tag(let tag) = name, let current = try await resolve(name)?.digest else {
            throw error
        }
        guard current != manifest.descriptor.digest else { return }
        throw RegistryError(
            .unavailable,
            operation(.manifestPut, "writing the manifest \(name)", writes: true),
            "the tag \(tag) is immutable there and stands for \(current)",
            hint: "let the registry move the tag, or mirror under another name")
    }
}

extension ManifestName {
    fileprivate var isTag: Bool {
        if case .tag = self { true } else { false }
    }
}

extension RegistryHost {
    /// Whether what was stored may be seen only some seconds later.
    ///
    /// Source: reports about GHCR and ECR, whose GET answered 404 after a PUT that succeeded.
    fileprivate var isEventuallyConsistent: Bool {
        name == "ghcr.io" || name.hasSuffix(".amazonaws.com")
    }
}

extension Duration {
    /// How long a registry may take to answer what it must store first.
    static let commit = Duration.seconds(300)
}
