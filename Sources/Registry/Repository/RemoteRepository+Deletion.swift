// SPDX-License-Identifier: Apache-2.0

public import Content
internal import HTTP
internal import OCI

extension RemoteRepository {
    /// Deletes a tag, or a manifest with all its tags.
    ///
    /// A missing tag or manifest counts as deleted. Many registries delete no tags, including
    /// docker-registry, and GHCR deletes nothing.
    ///
    /// Source: distribution-spec § Deleting Tags, § Deleting Manifests.
    ///
    /// - Throws: ``RegistryError``, with class `invalid` if the registry does not support deletion.
    public func delete(_ name: ManifestName) async throws {
        var operation = operation(.manifestDelete, "deleting \(name)", writes: true)
        operation.access.deletes = client.profile.namesDeleteAction
        let request = RegistryRequest(
            operation: operation, method: .delete, url: try url("manifests/\(name)"),
            accepted: [200, 202, 204, 404])
        do {
            _ = try await client.send(request) { _ in }
        } catch let error as RegistryError where [400, 405, 501].contains(error.status) {
            throw RegistryError(
                .invalid, operation, "the registry does not support deletion",
                hint:
                    "delete it in the registry's administration, or use its retention policy")
        }
    }
}
