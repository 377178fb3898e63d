// SPDX-License-Identifier: Apache-2.0

/// The permitted differences between registries.
public struct RegistryTraits: Sendable {
    /// A Boolean value that indicates whether a manifest with missing children or blobs is
    /// rejected.
    ///
    /// Some registries accept it.
    public var checksReferences = true
    /// A Boolean value that indicates whether blobs are mounted from other repositories; otherwise
    /// an upload begins instead.
    public var mountsBlobs = true
    /// A Boolean value that indicates whether `POST …?digest=` with a body is a complete upload;
    /// otherwise it begins one.
    public var acceptsSinglePost = true
    /// A Boolean value that indicates whether the referrers API exists.
    public var listsReferrers = true
    /// A Boolean value that indicates whether manifests and blobs can be deleted.
    public var deletes = true
    /// A Boolean value that indicates whether tags are listed by age; otherwise in lexical order.
    public var listsOldestFirst = false
    /// The maximum number of tags on a page, whatever `n` requests.
    public var tagsPerPage = Int.max
    /// A Boolean value that indicates whether `Location` fields are absolute; otherwise they are
    /// paths.
    public var answersAbsoluteLocations = false
    /// A Boolean value that indicates whether responses to manifests have `Docker-Content-Digest`.
    ///
    /// Amazon's registry omits it in some responses.
    public var statesDigests = true
    /// A Boolean value that indicates whether the bytes of uploaded blobs are dropped after
    /// hashing, so that many gigabytes
    /// can be pushed.
    ///
    /// Such a blob responds to HEAD, but not to GET; its digest must be a sha256.
    public var discardsBlobs = false

    /// A registry that follows the specification and supports all its features.
    public init() {}

    /// The registry of the distribution project: no referrers API, no `OCI-Subject`.
    ///
    /// Source: oras-project/rust-oci-client#259; the conformance suite of the distribution
    /// specification fails there.
    public static var distribution: RegistryTraits {
        var traits = RegistryTraits()
        traits.listsReferrers = false
        return traits
    }

    /// The default, but uploaded bytes are dropped after hashing.
    public static var discardBlobs: RegistryTraits {
        var traits = RegistryTraits()
        traits.discardsBlobs = true
        return traits
    }
}
