// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import Waiting

/// Brings images to targets: blobs, then child manifests by digest, then the root by its tag.
///
/// The last request is the one that makes the image visible. Whatever ends a copy before it leaves
/// blobs and manifests that no tag points at, and the next copy finds and uses them.
struct Copier: Sendable {
    /// How many blob bodies are on their way at once, over all images and targets.
    let slots: Slots
    /// Who holds which blob.
    let ledger = CopyLedger()

    /// One image to be copied.
    struct Job: Sendable {
        let graph: ManifestGraph
        /// Configurations that were read for validation: they need not be fetched again.
        let held: [Digest: [UInt8]]
        /// Where the bytes are, the place to ask first at the front.
        let sources: [any ContentSource]
        let target: any ContentStore
        /// The name by which the root is written last.
        let name: ManifestName
    }

    /// Copies one image to one target.
    ///
    /// - Returns: what it took.
    /// - Throws: ``CopyError``, or `CancellationError`.
    func copy(_ job: Job) async throws -> CopyReceipt {
        var receipt = try await copyBlobs(of: job)
        for node in job.graph.nodes {
            let isRoot = node.descriptor.digest == job.graph.root.descriptor.digest
            try await at(.target, job.target.location) {
                try await job.target.push(
                    manifest: node.raw, as: isRoot ? job.name : .digest(node.descriptor.digest))
            }
            receipt.manifestsPushed += 1
        }
        return receipt
    }

    /// Copies every blob, the largest first, so that no long one is left for the end.
    private func copyBlobs(of job: Job) async throws -> CopyReceipt {
        try await withThrowingTaskGroup(of: CopyReceipt.self) { group in
            for blob in job.graph.blobs.sorted(by: { $0.size > $1.size }) {
                group.addTask { try await copy(blob, of: job) }
            }
            var receipt = CopyReceipt()
            for try await part in group { receipt += part }
            return receipt
        }
    }

    private func copy(_ blob: Descriptor, of job: Job) async throws -> CopyReceipt {
        let location = job.target.location
        guard case .yours(let sibling) = try await ledger.claim(blob.digest, at: location) else {
            return CopyReceipt(blob, .present)
        }
        var arrived = false
        defer { ledger.settle(blob.digest, at: location, arrived: arrived) }
        let receipt = try await slots.withSlot {
            if sibling == nil {
                let exists = try await at(.target, location) {
                    try await job.target.exists(blob: blob)
                }
                if exists { return CopyReceipt(blob, .present) }
            }
            let arrival = try await at(.target, location) {
                try await job.target.push(blob: blob, mountingFrom: sibling) {
                    try await job.open(blob)
                }
            }
            return CopyReceipt(blob, arrival == .mounted ? .mounted : .uploaded)
        }
        arrived = true
        return receipt
    }
}

extension Copier.Job {
    /// Opens a blob where it is at hand: in memory, else at the first source that can give it.
    fileprivate func open(_ blob: Descriptor) async throws -> ByteStream {
        if let bytes = held[blob.digest] {
            return VerifiedStream(BytesInMemory(bytes), proving: blob)
        }
        var first: CopyError?
        for source in sources {
            do {
                let stream = try await at(.source, source.location) {
                    try await source.fetch(blob: blob)
                }
                return SidedStream(stream, side: .source, location: source.location)
            } catch let error as CopyError {
                first = first ?? error
            }
        }
        throw first
            ?? CopyError(
                ContentError(.missing, "no source for blob \(blob.digest.short)"), side: .source,
                at: target.location)
    }
}

extension CopyReceipt {
    fileprivate enum Arrival {
        case present
        case mounted
        case uploaded
    }

    /// The receipt for one blob.
    fileprivate init(_ blob: Descriptor, _ arrival: Arrival) {
        switch arrival {
        case .present: blobsPresent = 1
        case .mounted: blobsMounted = 1
        case .uploaded:
            blobsUploaded = 1
            bytesUploaded = blob.size
        }
    }
}
