// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI

/// The referrers that a lock file lists, compared with what the target has.
extension Verifier {
    /// Compares every referrer of an image: its tag, its manifest, everything below it, and the
    /// list by which clients find it.
    ///
    /// - Throws: ``CopyError`` or `CancellationError`.
    func verifyReferrers(of image: inout VerifiedImage, in store: any ContentStore) async throws {
        var subjects: [Digest: [LockedImage.Referrer]] = [:]
        for referrer in image.lockEntry.referrers {
            let found = try await attributingErrors(to: .target, at: store.location) {
                try await verify(referrer, in: store)
            }
            image.presentCount += found.presentCount
            if let problem = found.problem { image.problems.append(.referrer(referrer, problem)) }
            if let subject = found.subject { subjects[subject, default: []].append(referrer) }
        }
        for (subject, referrers) in subjects.sorted(by: { $0.key < $1.key }) {
            let list = try await attributingErrors(to: .target, at: store.location) {
                try await TargetReferrers(of: subject, in: store)
            }
            for referrer in referrers where !list.lists(referrer.digest) {
                image.problems.append(.referrer(referrer, .unlisted(subject: subject)))
            }
        }
    }

    /// Returns the problem of one referrer, or the subject for which the target should list it.
    private func verify(
        _ referrer: LockedImage.Referrer, in store: any ContentStore
    ) async throws -> (problem: VerifiedImage.ReferrerProblem?, subject: Digest?, presentCount: Int)
    {
        let name = referrer.tag.map(ManifestName.tag) ?? .digest(referrer.digest)
        let current = try await store.resolve(name)
        guard let current, current.digest == referrer.digest else {
            let isTag = referrer.tag != nil
            return (isTag ? .tagMoved(now: current?.digest) : .missing, nil, 0)
        }
        do {
            let root = try await store.fetch(manifest: current)
            let graph = try await ManifestGraph.read(from: root, in: store)
            let missing = try await missingBlobs(of: graph, in: store)
            let presentCount = graph.nodes.count + graph.blobs.count - missing.count
            if let blob = missing.first { return (.incomplete(blob.digest), nil, presentCount) }
            let subject = referrer.tag == nil ? graph.root.manifest.subject?.digest : nil
            return (nil, subject, presentCount)
        } catch let error as any ContentFailure {
            switch error.failureClass {
            case .missing: return (.missing, nil, 0)
            case .invalid, .integrity: return (.broken("\(error)"), nil, 0)
            default: throw error
            }
        }
    }
}
