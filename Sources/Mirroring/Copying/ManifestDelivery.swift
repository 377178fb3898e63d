// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI

/// The manifests of one image on their way to one destination.
struct ManifestDelivery {
    let job: CopyJob
    let progress: TargetCopyProgress
    /// Sends a blob again that the target has lost.
    let resend: (Descriptor) async throws -> Void

    private var target: any ContentStore { progress.destination.store }

    /// Writes a manifest, and sends again what the target lacks below it.
    ///
    /// Each manifest has its own number of attempts, whichever of its parents asks for them: the number of
    /// paths through indexes that list each other is exponential.
    func push(_ node: ManifestGraph.Node, as name: ManifestName) async throws {
        while true {
            do {
                let arrival = try await atTarget {
                    try await target.push(manifest: node.raw, as: name)
                }
                progress.note(manifest: node.descriptor.digest, arrival)
                return
            } catch let error as CopyError where mayLackContent(below: node, error) {
                guard progress.mayResend(below: node.descriptor.digest) else { throw error }
                do {
                    try await explainSparse(node, error)
                    try await resendLost(below: node, error)
                } catch let lookup as CopyError where error.failureClass == .unavailable {
                    // A registry that is unavailable fails the lookups too: the first error explains more.
                    throw lookup.failureClass == .unavailable ? error : lookup
                }
            }
        }
    }

    /// Returns whether a failure may mean that the target lacks what a manifest points at.
    ///
    /// Not every registry uses the error codes of the specification (Harbor and Nexus respond
    /// `MANIFEST_INVALID`); other failures count only if content was assumed to be present.
    private func mayLackContent(below node: ManifestGraph.Node, _ error: CopyError) -> Bool {
        switch error.failureClass {
        case .incomplete: return true
        case .missing, .invalid, .unavailable:
            let below = Successors(of: node.manifest)
            return (below.blobs + below.manifests).contains { progress.holds($0.digest) }
        default: return false
        }
    }

    /// Tells a target that lost something from one that takes no index without all its platforms.
    private func explainSparse(_ node: ManifestGraph.Node, _ error: CopyError) async throws {
        guard job.graph.isSparse, node.descriptor.digest == job.graph.root.descriptor.digest else {
            return
        }
        for child in Successors(of: node.manifest).manifests.distinct
        where job.graph[child.digest] != nil {
            let isThere = try await atTarget {
                try await target.standing(of: .digest(child.digest)) != nil
            }
            guard isThere else { return }
        }
        throw CopyError(
            ContentError(
                .unavailable, "the registry takes no index without all its platforms",
                hint: "use 'copy: all', or let the registry accept sparse indexes"),
            side: .target, at: target.location)
    }

    /// Sends again what a target says that it lacks: not every mount was one, and what was stored
    /// may be lost.
    ///
    /// A target that lost one part may have lost others, so everything that it was not asked for is looked
    /// for. Where it says that it has everything, it is sent everything: one of its answers is wrong.
    ///
    /// - Throws: `error` where it does not say that something is missing, and nothing is.
    private func resendLost(below node: ManifestGraph.Node, _ error: CopyError) async throws {
        let below = Successors(of: node.manifest)
        let children = below.manifests.distinct.compactMap { job.graph[$0.digest] }
        var lostBlobs: [Descriptor] = []
        for blob in below.blobs.distinct where try await isLost(blob) { lostBlobs.append(blob) }
        var lostChildren: [ManifestGraph.Node] = []
        for child in children where try await isLost(child) { lostChildren.append(child) }
        let hasLost = !lostBlobs.isEmpty || !lostChildren.isEmpty
        guard hasLost || error.failureClass == .incomplete else { throw error }
        if hasLost {
            progress.distrustReplaced()
            for blob in progress.takeDoubtful() where try await isLost(blob) {
                lostBlobs.append(blob)
            }
        } else {
            (lostBlobs, lostChildren) = (below.blobs, children)
        }
        for blob in lostBlobs.distinct { try await resend(blob) }
        for child in lostChildren { try await push(child, as: .digest(child.descriptor.digest)) }
    }

    private func isLost(_ blob: Descriptor) async throws -> Bool {
        try await atTarget { try await !target.exists(blob: blob) }
    }

    private func isLost(_ child: ManifestGraph.Node) async throws -> Bool {
        try await atTarget {
            try await target.standing(of: .digest(child.descriptor.digest)) == nil
        }
    }

    /// Whether a child manifest has to be written.
    ///
    /// A registry has a manifest only if it had all that the manifest points at, so that one with
    /// something new below it is new itself; only of the others the target is asked.
    func isMissing(_ node: ManifestGraph.Node) async throws -> Bool {
        guard !progress.holds(node.descriptor.digest) else { return false }
        let below = Successors(of: node.manifest)
        guard (below.blobs + below.manifests).allSatisfy({ !progress.isNew($0.digest) }) else {
            return true
        }
        return try await isLost(node)
    }

    /// Finds out whether somebody else has moved the tag meanwhile, whose work would be undone.
    ///
    /// The specification knows no conditional PUT, so that the last moments stay open.
    func expectUnmoved() async throws {
        let destination = progress.destination
        guard case .tag(let tag) = destination.name else { return }
        try await atTarget {
            guard let current = try await target.standing(of: destination.name)?.digest,
                current != destination.standing?.digest,
                current != job.graph.root.descriptor.digest
            else { return }
            throw ContentError(
                .unavailable, "somebody moved the tag \(tag) to \(current) during the copy",
                hint: "run again, and let one job alone write there")
        }
    }

    /// Gives the digest that a tag is about to leave a tag of its own, so that a registry's clean-up
    /// does not delete what values files still pin.
    func keepReplaced() async throws -> Tag? {
        guard progress.destination.keepsReplaced, let replaced = progress.replaced else {
            return nil
        }
        return try await atTarget {
            guard let tag = try RetentionTag.tag(for: replaced.root.descriptor.digest) else {
                return nil
            }
            do {
                try await target.push(manifest: replaced.root, as: .tag(tag))
            } catch let error as any ContentFailure where error.failureClass == .incomplete {
                // What it points at is gone: nobody can pull it any more.
                return nil
            }
            return tag
        }
    }

    private func atTarget<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await at(.target, target.location, body)
    }
}
