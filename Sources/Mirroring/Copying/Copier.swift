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
    /// A clock that only runs forward.
    let now: @Sendable () -> Duration

    /// One image to be copied.
    struct Job: Sendable {
        let graph: ManifestGraph
        /// Configurations that were read for validation: they need not be fetched again.
        let held: [Digest: [UInt8]]
        /// Where the bytes are, the place to ask first at the front, upstream last.
        let sources: [any ContentSource]
        let target: any ContentStore
        /// The name by which the root is written last.
        let name: ManifestName
        /// What the name stood for when the image was resolved.
        let standing: Descriptor?
        /// Whether that is to be kept under a tag of its own.
        let keepsReplaced: Bool
    }

    /// Copies one image to one target.
    ///
    /// - Returns: what it took.
    /// - Throws: ``CopyError``, or `CancellationError`.
    func copy(_ job: Job) async throws -> CopyReceipt {
        let began = now()
        let blobs = try await copyBlobs(of: job)
        var receipt = blobs.receipt
        var new = blobs.new
        for node in job.graph.nodes.dropLast() where try await isMissing(node, new: new, of: job) {
            try await push(node, as: .digest(node.descriptor.digest), of: job, &receipt)
            new.insert(node.descriptor.digest)
        }
        if now() - began > Self.trust { try await expectUnmoved(job) }
        receipt.kept = try await keep(job.keepsReplaced ? job.standing : nil, at: job.target)
        receipt.isListed = try await push(job.graph.root, as: job.name, of: job, &receipt).isListed
        return receipt
    }

    /// How long what a name stood for is taken to be true.
    private static let trust = Duration.seconds(60)

    /// Finds out whether somebody else has moved the tag meanwhile, whose work would be undone.
    ///
    /// The specification knows no conditional PUT, so that the last moments stay open.
    private func expectUnmoved(_ job: Job) async throws {
        guard case .tag(let tag) = job.name else { return }
        try await at(.target, job.target.location) {
            guard let current = try await job.target.standing(of: job.name)?.digest,
                current != job.standing?.digest, current != job.graph.root.descriptor.digest
            else { return }
            throw ContentError(
                .unavailable, "somebody moved the tag \(tag) to \(current) during the copy",
                hint: "run again, and let one job alone write there")
        }
    }

    /// How often a target may forget what it was sent.
    private static let resends = 2

    @discardableResult
    private func push(
        _ node: ManifestGraph.Node, as name: ManifestName, of job: Job,
        _ receipt: inout CopyReceipt
    ) async throws -> ManifestArrival {
        var resends = 0
        while true {
            do {
                let arrival = try await at(.target, job.target.location) {
                    try await job.target.push(manifest: node.raw, as: name)
                }
                receipt.manifestsPushed += 1
                return arrival
            } catch let error as CopyError
                where error.failureClass == .incomplete && resends < Self.resends
            {
                resends += 1
                try await resend(below: node, of: job, &receipt)
            }
        }
    }

    /// Sends again what a target says that it lacks: not every mount was one, and what was stored
    /// may be lost.
    ///
    /// Where it says that it has everything, it is sent everything: one of its answers is wrong.
    private func resend(
        below node: ManifestGraph.Node, of job: Job, _ receipt: inout CopyReceipt
    ) async throws {
        let below = Successors(of: node.manifest)
        var lost: [Descriptor] = []
        for blob in below.blobs {
            let exists = try await at(.target, job.target.location) {
                try await job.target.exists(blob: blob)
            }
            if !exists { lost.append(blob) }
        }
        for blob in lost.isEmpty ? below.blobs : lost {
            _ = try await send(blob, of: job, mountingFrom: nil)
            receipt.blobsUploaded += 1
            receipt.bytesUploaded += blob.size
        }
        for child in job.graph.nodes
        where below.manifests.contains(where: { $0.digest == child.descriptor.digest }) {
            try await push(child, as: .digest(child.descriptor.digest), of: job, &receipt)
        }
    }

    /// Whether a child manifest has to be written.
    ///
    /// A registry has a manifest only if it had all that the manifest points at, so that one with
    /// something new below it is new itself; only of the others the target is asked.
    private func isMissing(
        _ node: ManifestGraph.Node, new: Set<Digest>, of job: Job
    ) async throws -> Bool {
        let below = Successors(of: node.manifest)
        guard (below.blobs + below.manifests).allSatisfy({ !new.contains($0.digest) }) else {
            return true
        }
        return try await at(.target, job.target.location) {
            try await job.target.resolve(.digest(node.descriptor.digest)) == nil
        }
    }

    /// Gives the digest that a tag is about to leave a tag of its own, so that a registry's clean-up
    /// does not delete what values files still pin.
    private func keep(_ replaced: Descriptor?, at target: any ContentStore) async throws -> Tag? {
        // A tag has 128 characters at most, so the longer digests cannot be kept this way.
        guard let replaced, replaced.digest.algorithm == .sha256 else { return nil }
        return try await at(.target, target.location) {
            let tag = try Tag(parsing: "kept-\(replaced.digest.hex)")
            do {
                let manifest = try await target.fetch(manifest: replaced)
                try await target.push(manifest: manifest, as: .tag(tag))
            } catch let error as any ContentFailure
                where error.failureClass == .missing || error.failureClass == .incomplete
            {
                // It is gone, or what it points at is: nobody can pull it any more.
                return nil
            }
            return tag
        }
    }
}

// MARK: Blobs

extension Copier {
    /// Copies every blob, the largest first, so that no long one is left for the end.
    private func copyBlobs(
        of job: Job
    ) async throws -> (receipt: CopyReceipt, new: Set<Digest>) {
        try await withThrowingTaskGroup(of: (Digest, Arrival).self) { group in
            for blob in job.graph.blobs.sorted(by: { $0.size > $1.size }) {
                group.addTask { (blob.digest, try await copy(blob, of: job)) }
            }
            var receipt = CopyReceipt()
            var new: Set<Digest> = []
            for try await (digest, arrival) in group {
                switch arrival {
                case .present: receipt.blobsPresent += 1
                case .new(.mounted, _): receipt.blobsMounted += 1
                case .new(.uploaded, let size):
                    receipt.blobsUploaded += 1
                    receipt.bytesUploaded += size
                }
                if case .new = arrival { new.insert(digest) }
            }
            return (receipt, new)
        }
    }

    private enum Arrival {
        case present
        case new(BlobArrival, size: Int)
    }

    private func copy(_ blob: Descriptor, of job: Job) async throws -> Arrival {
        let location = job.target.location
        guard case .yours(let sibling) = try await ledger.claim(blob.digest, at: location) else {
            return .present
        }
        var arrived = false
        defer { ledger.settle(blob.digest, at: location, arrived: arrived) }
        // Asked first even where a sibling has it: not every registry mounts, and what an earlier
        // run brought here is not to be sent again.
        let exists = try await at(.target, location) { try await job.target.exists(blob: blob) }
        let arrival: Arrival =
            if exists {
                .present
            } else {
                .new(try await send(blob, of: job, mountingFrom: sibling), size: blob.size)
            }
        arrived = true
        return arrival
    }

    private func send(
        _ blob: Descriptor, of job: Job, mountingFrom sibling: StoreLocation?
    ) async throws -> BlobArrival {
        try await slots.withSlot {
            try await withSecondLook {
                try await at(.target, job.target.location) {
                    try await job.target.push(blob: blob, mountingFrom: sibling) {
                        try await job.open(blob)
                    }
                }
            }
        }
    }
}

extension Copier.Job {
    /// Opens a blob where it is at hand: in memory, else at the first source that can give it.
    fileprivate func open(_ blob: Descriptor) async throws -> ByteStream {
        if let bytes = held[blob.digest] {
            return VerifiedStream(BytesInMemory(bytes), proving: blob)
        }
        var last = CopyError(
            ContentError(.missing, "no source for blob \(blob.digest.short)"), side: .source,
            at: target.location)
        for source in sources {
            do {
                let stream = try await at(.source, source.location) {
                    try await source.fetch(blob: blob)
                }
                return SidedStream(stream, side: .source, location: source.location)
            } catch let error as CopyError {
                // Upstream is asked last, and is the one whose answer counts.
                last = error
            }
        }
        throw last
    }
}
