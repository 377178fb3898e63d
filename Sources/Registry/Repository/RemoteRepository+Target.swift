// SPDX-License-Identifier: Apache-2.0

public import Content
public import OCI

extension RemoteRepository {
    /// Returns what a name stands for now, for one who is about to write it.
    ///
    /// Several registries refuse that question about what does not exist; then the write decides.
    ///
    /// - Throws: ``RegistryError``.
    public func standing(of name: ManifestName) async throws -> Descriptor? {
        do {
            return try await resolve(name)
        } catch let error as RegistryError where error.isAmbiguousWithNotFound {
            return nil
        }
    }

    /// Whether a manifest can be read by those who have no credentials.
    ///
    /// Source: GHCR makes every new package private, and a cluster finds that out when it pulls.
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
