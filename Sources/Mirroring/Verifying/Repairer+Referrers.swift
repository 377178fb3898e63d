// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI
internal import AsyncPrimitives

/// The repair of referrers that a target has lost.
extension Repairer {
    /// Copies referrers to a target, each by the digest that the lock file lists.
    ///
    /// - Returns: The first failure; a referrer that cannot be repaired does not stop the others.
    /// - Throws: `CancellationError`.
    func repair(
        _ referrers: [LockedImage.Referrer], from sources: [any ContentSource],
        to target: any ContentStore
    ) async throws -> CopyError? {
        guard !referrers.isEmpty else { return nil }
        return try await referrerSemaphore.withPermit {
            var failure: CopyError?
            for referrer in referrers {
                do {
                    try await repair(referrer, from: sources, to: target)
                } catch let error as CopyError {
                    try Task.checkCancellation()
                    failure = failure ?? error
                }
            }
            return failure
        }
    }

    private func repair(
        _ referrer: LockedImage.Referrer, from sources: [any ContentSource],
        to target: any ContentStore
    ) async throws {
        let (graph, source) = try await find(referrer, in: sources)
        let name = referrer.tag.map(ManifestName.tag) ?? .digest(referrer.digest)
        let current = try await attributingErrors(to: .target, at: target.location) {
            try await target.currentDescriptor(of: name)
        }
        if let current, current.digest != referrer.digest {
            let order = try await attributingErrors(to: .target, at: target.location) {
                try await SignatureOrder(of: current, in: target, comparedTo: graph.root.manifest)
            }
            guard order == .older || order == .missing else {
                throw CopyError(
                    ContentError(
                        .invalid, "tag \(name): \(SignatureOrder.divergenceWarning)",
                        hint: "run 'ocimirror sync --refresh-referrers' to record it"),
                    role: .target, at: target.location)
            }
        }
        let copied = TargetCopy(
            to: target, as: name, replacing: current, trustsReplaced: false)
        try await ImageCopy(
            of: graph, for: "referrer", from: [source], to: [copied], transfers: transfers
        ).run()
        let receipt = try copied.result()
        guard referrer.tag == nil, !receipt.isListed,
            let subject = graph.root.manifest.subject?.digest
        else { return }
        try await attributingErrors(to: .target, at: target.location) {
            var list = try await TargetReferrers(of: subject, in: target)
            if !list.lists(referrer.digest) { list.add(graph.root) }
            try await list.write(to: target)
        }
    }

    /// Finds a referrer at another target, else at the source.
    private func find(
        _ referrer: LockedImage.Referrer, in sources: [any ContentSource]
    ) async throws -> (ManifestGraph, any ContentSource) {
        var last: CopyError?
        for source in sources {
            do {
                let graph = try await attributingErrors(to: .source, at: source.location) {
                    guard let descriptor = try await source.resolve(.digest(referrer.digest)) else {
                        throw ContentError(
                            .missing, "referrer \(referrer.digest.short) not found",
                            hint: "run 'ocimirror sync --refresh-referrers' to update the lock file"
                        )
                    }
                    return try await ManifestGraph.read(
                        from: try await source.fetch(manifest: descriptor), in: source)
                }
                return (graph, source)
            } catch let error as CopyError {
                try Task.checkCancellation()
                last = error
            }
        }
        guard let last else { preconditionFailure("a repair needs at least one source") }
        throw last
    }
}
