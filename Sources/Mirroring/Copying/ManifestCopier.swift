// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI

/// Pushes the manifests of one image to one target.
struct ManifestCopier {
    let copy: ImageCopy
    let target: TargetCopy

    private var graph: ManifestGraph { copy.graph }

    /// Pushes every missing manifest, children before parents, and the root by the name.
    ///
    /// - Throws: ``CopyError`` or `CancellationError`.
    func push() async throws {
        for node in graph.nodes.dropLast() where try await isMissing(node) {
            try await push(node, as: .digest(node.descriptor.digest))
        }
        if copy.mayHaveMoved { try await requireUnmovedTag() }
        target.record(retentionTag: try await addRetentionTag())
        try await push(graph.root, as: target.name)
    }

    /// Pushes a manifest, and pushes content that the target lacks below it.
    ///
    /// The attempts are counted per manifest, over all its parents, because the number of paths
    /// through indexes that list each other is exponential.
    private func push(_ node: ManifestGraph.Node, as name: ManifestName) async throws {
        while true {
            do {
                let result = try await target.atTarget {
                    try await $0.push(manifest: node.raw, as: name)
                }
                target.record(manifest: node.descriptor.digest, result)
                return
            } catch let error as CopyError where suggestsMissingContent(below: node, error) {
                guard target.canResend(below: node.descriptor.digest) else { throw error }
                do {
                    try await checkSparseIndexSupport(node, error)
                    try await resendMissing(below: node, error)
                } catch let lookup as CopyError where error.failureClass == .unavailable {
                    // A registry that is unavailable fails the lookups too: the first error explains more.
                    throw lookup.failureClass == .unavailable ? error : lookup
                }
            }
        }
    }

    /// Returns a Boolean value that indicates whether a failure may mean that content below the
    /// manifest is missing at the target.
    ///
    /// Not every registry uses the error codes of the specification (Harbor and Nexus respond
    /// `MANIFEST_INVALID`); other failures count only if content was assumed to be present.
    private func suggestsMissingContent(below node: ManifestGraph.Node, _ error: CopyError) -> Bool
    {
        switch error.failureClass {
        case .incomplete: return true
        case .missing, .invalid, .unavailable:
            let below = Successors(of: node.manifest)
            return (below.blobs + below.manifests).contains { target.isAssumedPresent($0.digest) }
        default: return false
        }
    }

    /// Throws an error with a hint if the target has all children that are copied but rejects the
    /// sparse index.
    private func checkSparseIndexSupport(_ node: ManifestGraph.Node, _ error: CopyError)
        async throws
    {
        guard graph.isSparse, node.descriptor.digest == graph.root.descriptor.digest else {
            return
        }
        for child in Successors(of: node.manifest).manifests.distinct
        where graph[child.digest] != nil {
            let isPresent = try await target.atTarget {
                try await $0.currentDescriptor(of: .digest(child.digest)) != nil
            }
            guard isPresent else { return }
        }
        throw CopyError(
            ContentError(
                .unavailable, "the registry does not accept sparse indexes",
                hint: "use 'copy: all', or configure the registry to accept sparse indexes"),
            role: .target, at: target.location)
    }

    /// Pushes the content that the target lacks: some registries acknowledge mounts that they did
    /// not make, and stored content may be lost.
    ///
    /// A target that lost one blob may have lost others, so all content that was assumed to be
    /// present is looked up. If the target reports that everything is present, everything is
    /// pushed, because one of its responses is wrong.
    ///
    /// - Throws: `error` if it does not state that content is missing and none is.
    private func resendMissing(below node: ManifestGraph.Node, _ error: CopyError) async throws {
        let below = Successors(of: node.manifest)
        let children = below.manifests.distinct.compactMap { graph[$0.digest] }
        var missingBlobs: [Descriptor] = []
        for blob in below.blobs.distinct where try await isAbsent(blob) {
            missingBlobs.append(blob)
        }
        var missingChildren: [ManifestGraph.Node] = []
        for child in children where try await isAbsent(child) { missingChildren.append(child) }
        let isContentMissing = !missingBlobs.isEmpty || !missingChildren.isEmpty
        guard isContentMissing || error.failureClass == .incomplete else { throw error }
        if isContentMissing {
            target.distrustReplaced()
            for blob in target.takeAssumedBlobs() where try await isAbsent(blob) {
                missingBlobs.append(blob)
            }
        } else {
            (missingBlobs, missingChildren) = (below.blobs, children)
        }
        for blob in missingBlobs.distinct { try await copy.resend(blob, to: target) }
        for child in missingChildren { try await push(child, as: .digest(child.descriptor.digest)) }
    }

    private func isAbsent(_ blob: Descriptor) async throws -> Bool {
        try await target.atTarget { try await !$0.exists(blob: blob) }
    }

    /// A manifest that a policy permits no one to read is pushed, which changes nothing if it is
    /// present.
    private func isAbsent(_ child: ManifestGraph.Node) async throws -> Bool {
        do {
            return try await target.atTarget {
                try await $0.currentDescriptor(of: .digest(child.descriptor.digest)) == nil
            }
        } catch let error as CopyError where error.blocksPulls {
            return true
        }
    }

    /// Returns a Boolean value that indicates whether a child manifest must be pushed.
    ///
    /// A registry accepts a manifest only if it has all content below it. A manifest above new
    /// content is therefore new itself; only other manifests are looked up.
    private func isMissing(_ node: ManifestGraph.Node) async throws -> Bool {
        guard !target.isAssumedPresent(node.descriptor.digest) else { return false }
        let below = Successors(of: node.manifest)
        guard (below.blobs + below.manifests).allSatisfy({ !target.hasWritten($0.digest) }) else {
            return true
        }
        return try await isAbsent(node)
    }

    /// Throws an error if another client has moved the tag during the copy.
    ///
    /// The specification has no conditional PUT, so a move in the last moments is not detected.
    private func requireUnmovedTag() async throws {
        guard case .tag(let tag) = target.name else { return }
        try await target.atTarget { store in
            guard let current = try await store.currentDescriptor(of: target.name)?.digest,
                current != target.current?.digest,
                current != graph.root.descriptor.digest
            else { return }
            throw ContentError(
                .unavailable, "the tag \(tag) changed to \(current) during the copy",
                hint: "run again, and let only one job write to this repository")
        }
    }

    /// Pushes a retention tag for the replaced image, so that the registry's retention policy does
    /// not delete a digest that values files still pin.
    private func addRetentionTag() async throws -> Tag? {
        guard target.addsRetentionTag, let replaced = target.replaced else {
            return nil
        }
        return try await target.atTarget { store in
            guard let tag = Tag(retaining: replaced.root.descriptor.digest) else {
                return nil
            }
            do {
                try await store.push(manifest: replaced.root, as: .tag(tag))
            } catch let error as any ContentFailure where error.failureClass == .incomplete {
                // Content below the replaced image is missing, so it cannot be pulled any more.
                return nil
            }
            return tag
        }
    }
}
