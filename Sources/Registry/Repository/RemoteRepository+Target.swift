// SPDX-License-Identifier: Apache-2.0

public import Content
public import OCI

extension RemoteRepository {
    /// Returns the descriptor that a name currently points to, before it is written.
    ///
    /// Several registries deny this request for missing content; then the write decides. Only the
    /// text of GHCR's 403 distinguishes its secondary rate limit from that.
    ///
    /// - Throws: ``RegistryError``.
    public func currentDescriptor(of name: ManifestName) async throws -> Descriptor? {
        do {
            return try await resolve(name, explainsDenial: client.profile.explainsDenialInBody)
        } catch let error as RegistryError where error.isAmbiguousWithNotFound {
            return nil
        }
    }

    /// Returns a Boolean value that indicates whether a manifest can be read anonymously.
    ///
    /// Source: GHCR makes every new package private, and a cluster notices only when it pulls.
    public func isPublic(_ digest: Digest) async -> Bool? {
        guard let client = client.anonymousClient else { return nil }
        do {
            return try await RemoteRepository(repository, client: client)
                .resolve(.digest(digest)) != nil
        } catch let error as RegistryError where error.failureClass == .denied {
            return false
        } catch {
            return nil
        }
    }
}
