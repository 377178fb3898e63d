// SPDX-License-Identifier: Apache-2.0

/// In what a registry may differ from another and still follow the specification, or nearly.
public struct RegistryTraits: Sendable {
    /// Whether a manifest is refused whose children or blobs are missing.
    ///
    /// Some registries accept it.
    public var checksReferences = true
    /// Whether blobs are mounted from other repositories; otherwise an upload begins instead.
    public var mountsBlobs = true
    /// Whether `POST …?digest=` with a body is an upload; otherwise it begins one.
    public var acceptsSinglePost = true
    /// Whether the referrers API is there.
    public var listsReferrers = true
    /// Whether manifests and blobs can be deleted.
    public var deletes = true
    /// Whether tags are listed in the order in which they came to be; otherwise in that of their bytes.
    public var listsOldestFirst = false
    /// The greatest number of tags on a page of a listing, whatever `n` asks for.
    public var tagsPerPage = Int.max
    /// Whether `Location` fields have scheme and host; otherwise they are paths.
    public var answersAbsoluteLocations = false
    /// Whether answers to manifests state `Docker-Content-Digest`.
    ///
    /// Amazon's registry leaves it out of some.
    public var statesDigests = true
    /// Whether the bytes of uploaded blobs are dropped once they are hashed, so that many gigabytes
    /// can be pushed.
    ///
    /// Such a blob answers HEAD, but not GET; its digest must be a sha256.
    public var discardsBlobs = false

    /// A registry that follows the specification and can do all it names.
    public init() {}

    /// Like the default, but dropping uploaded bytes once they are hashed.
    public static var discardBlobs: RegistryTraits {
        var traits = RegistryTraits()
        traits.discardsBlobs = true
        return traits
    }
}
