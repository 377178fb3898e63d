// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI

/// Checks that each layer of a required platform can be decompressed and matches its `diff_id`.
struct LayerIntegrityRule: PlatformRule {
    /// Returns findings for layers that are malformed, do not match their `diff_id` or were not
    /// scanned.
    func findings(about scanned: PlatformRootFS, required: ImageRequirements) -> [Finding] {
        scanned.layers.indices.compactMap { position in
            Self.problem(at: position, in: scanned).map { problem in
                let layer = scanned.layer(at: position)
                return Finding(
                    problem.id, problem.severity, platform: scanned.platform, layer: layer,
                    "\(scanned.platform): layer \(layer.digest.short) \(problem.text)")
            }
        }
    }

    /// A problem of a layer.
    private struct Problem {
        let id: Finding.ID
        let severity: Finding.Severity
        /// The predicate of a sentence about the layer.
        let text: String

        static func broken(_ reason: String) -> Problem {
            Problem(id: .layerBroken, severity: .error, text: "cannot be unpacked: \(reason)")
        }

        static func notScanned(_ reason: String) -> Problem {
            Problem(id: .notChecked, severity: .warning, text: "not scanned: \(reason)")
        }
    }

    private static func problem(at position: Int, in scanned: PlatformRootFS) -> Problem? {
        let mediaType = scanned.layers[position].descriptor.mediaType
        switch scanned.layers[position].contents {
        case .success(let contents):
            let diffIDs = scanned.config.diffIDs
            return mismatch(
                of: contents.diffID,
                with: diffIDs.indices.contains(position) ? diffIDs[position] : nil)
                ?? obstacle(to: contents.tree, at: position, in: scanned)
                ?? mismatch(of: contents.compression, with: mediaType)
        case .failure(.malformed(let reason)):
            return .broken("\(LayerScanError.malformed(reason))")
        case .failure(let error):
            return .notScanned("\(error)")
        case nil:
            // A layer that no rule required was not scanned.
            guard LayerCompression(mediaType) == nil else { return nil }
            guard !LayerCompression.isUnsupported(mediaType) else {
                return .broken("runtimes do not support \(mediaType)")
            }
            return .notScanned("unsupported media type \(mediaType)")
        }
    }

    /// Returns the difference between the digest of a layer's archive and its `diff_id`.
    ///
    /// Source: image-spec, config.md § Layer DiffID.
    private static func mismatch(of actual: Digest, with stated: Digest?) -> Problem? {
        // `LayerCountRule` reports a missing `diff_id`; another algorithm cannot be compared.
        guard let stated, stated.algorithm == actual.algorithm, stated != actual else {
            return nil
        }
        return Problem(
            id: .diffIDMismatch, severity: .error,
            text: "has diff_id \(actual.short), but config states \(stated.short)")
    }

    /// Returns the reason why runtimes cannot unpack a layer above the layers below it.
    private static func obstacle(
        to tree: LayerFileTree, at position: Int, in scanned: PlatformRootFS
    ) -> Problem? {
        let isSeparate = scanned.rootFileSystem.linkHandling == .replaced
        if isSeparate, let path = tree.deletedOwnEntry {
            return .broken("whiteout of \(path.displayText), which the layer itself contains")
        }
        guard let path = tree.linkToLowerLayer else { return nil }
        let problem = Problem.broken(
            "hard link \(path.displayText) to a file that the layer does not contain before it")
        guard !isSeparate else { return problem }
        guard case .hardLink(let target)? = tree[path],
            case .nothing = scanned.rootFileSystem.look(at: target, below: position).found
        else { return nil }
        return problem
    }

    /// Returns the difference between the compression of a layer and the one that its media type
    /// states.
    ///
    /// Source: containerd, archive/compression, `DecompressStream`.
    private static func mismatch(
        of actual: LayerCompression, with mediaType: MediaType
    ) -> Problem? {
        guard let stated = LayerCompression(mediaType), stated != actual else { return nil }
        let description = actual == .none ? "not compressed" : "compressed with \(actual.rawValue)"
        return Problem(
            id: .layerBroken, severity: .warning,
            text: "is \(description), but its media type states \(stated.rawValue); some runtimes "
                + "reject it")
    }
}
