// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import Hashing
public import OCI
internal import StrictJSON

extension RemoteRepository {
    /// Returns the manifests that have another one as their subject, or `nil` if the registry has
    /// no referrers API.
    ///
    /// A registry without the API receives one such request per run.
    ///
    /// Source: distribution-spec § Listing Referrers. GHCR and docker-registry 2.8 respond 404;
    /// others that do not know the path have been observed to respond 400, 405, 406 or 501.
    ///
    /// - Throws: ``RegistryError``.
    public func referrers(of subject: Digest) async throws -> [Descriptor]? {
        guard client.listsReferrers else { return nil }
        let operation = operation(.referrerList, "listing the referrers of \(subject)")
        var found: [Descriptor] = []
        do {
            try await readPages(
                from: try url("referrers/\(subject)"), operation, accept: .ociIndex
            ) { bytes throws(JSONError) in
                found += try descriptors(in: bytes)
                return found.count
            }
        } catch let error as RegistryError where [400, 404, 405, 406, 501].contains(error.status) {
            client.listsReferrers = false
            return nil
        }
        return found
    }

    /// Returns the entries of a page; `null` is a list without entries, as Go encodes it.
    private func descriptors(in bytes: [UInt8]) throws(JSONError) -> [Descriptor] {
        if try JSONValue(parsing: bytes)["manifests"] == .null { return [] }
        switch try RawManifest(describing: bytes, as: .ociIndex).decoded() {
        case .index(let index): return index.manifests
        case .image: throw JSONError(place: "", reason: "is not an index")
        }
    }
}
