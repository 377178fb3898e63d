// SPDX-License-Identifier: Apache-2.0

public import Content
public import LayerArchive
public import OCI
public import Validation

/// The answer about one image that somebody is about to use.
public struct CheckedImage: Sendable {
    /// The image as it was asked for.
    public let name: String
    /// What the name stands for; nil where there is no such image.
    public internal(set) var descriptor: Descriptor?
    /// What the rules found; nil where they could not be asked.
    public internal(set) var report: ValidationReport?
    /// How many attestations travel with the index.
    public internal(set) var attestations = 0
    /// What exists instead of a tag that does not.
    public internal(set) var instead: NearestTags?
    /// Why there is no answer, or why it is no.
    public internal(set) var failure: Failure?

    /// Whether the image can be used.
    public var isAccepted: Bool { report?.isAccepted ?? false }
}

/// Looks at images where they are, without copying anything.
public struct ImageChecker: Sendable {
    private let stores: Stores
    private let required: Requirement
    private let inspector: LayerInspector
    private let lanes: TransferLanes

    /// Makes a checker for one requirement.
    ///
    /// - Parameters:
    ///   - stores: how images are come by.
    ///   - required: what they have to be.
    ///   - jobs: how many layers are read at once.
    ///   - scanner: looks into layers.
    public init(stores: Stores, required: Requirement, jobs: Int, scanner: LayerScanner) {
        self.stores = stores
        self.required = required
        self.inspector = LayerInspector(scanner)
        self.lanes = TransferLanes(jobs)
    }

    /// Judges one image.
    ///
    /// - Parameters:
    ///   - location: where it is.
    ///   - tag: its tag, `latest` by no means assumed.
    ///   - digest: its digest, which decides where both are given.
    /// - Returns: the answer; whatever prevents one is part of it.
    /// - Throws: `CancellationError`.
    public func check(
        _ location: StoreLocation, tag: Tag?, digest: Digest?
    ) async throws -> CheckedImage {
        let suffix = (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
        var image = CheckedImage(name: "\(location)\(suffix)")
        do {
            try await look(
                at: digest.map(ManifestName.digest) ?? tag.map(ManifestName.tag),
                in: try stores.store(at: location), &image)
        } catch let error as CancellationError {
            throw error
        } catch {
            // A request that a cancelled task gave up on ends in an error too.
            try Task.checkCancellation()
            image.failure = Failure(error)
        }
        return image
    }

    private func look(
        at name: ManifestName?, in source: any ContentSource, _ image: inout CheckedImage
    ) async throws {
        guard let name else {
            throw ContentError(
                .missing, "\(source.location) is named without a tag or a digest",
                hint: "write the tag you mean; 'latest' is never assumed")
        }
        guard let descriptor = try await source.resolve(name) else {
            if case .tag(let tag) = name { image.instead = try await source.nearestTags(to: tag) }
            throw ContentError(
                .missing, "\(source.location) has no \(name)",
                hint: image.instead.flatMap { $0.hint })
        }
        image.descriptor = descriptor
        let graph = try await ManifestGraph.read(
            from: try await source.fetch(manifest: descriptor), in: source)
        if case .index(let index) = graph.root.manifest {
            image.attestations = index.manifests.count(where: ExaminedImage.isAttestation)
        }
        let examined = try await ExaminedImage(graph, in: source, required: required)
        image.report = try await Judgement(examined, required, inspector, lanes)
            .verdict(reading: [source])
    }
}

extension NearestTags {
    /// The advice, where there is any.
    var hint: String? { isEmpty ? nil : description }
}
