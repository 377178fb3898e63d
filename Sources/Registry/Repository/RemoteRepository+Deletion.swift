// SPDX-License-Identifier: Apache-2.0

public import Content
internal import HTTP
internal import OCI

extension RemoteRepository {
    /// Removes a tag, or a manifest with all its tags.
    ///
    /// What is not there is as good as removed. Many registries remove no tags, docker-registry among
    /// them, and GHCR removes nothing.
    ///
    /// Source: distribution-spec § Deleting Tags, § Deleting Manifests.
    ///
    /// - Throws: ``RegistryError``; its class is `invalid` where the registry does not do this at all.
    public func delete(_ name: ManifestName) async throws {
        var operation = operation(.manifestDelete, "deleting \(name)", writes: true)
        // Quay's parser of scopes breaks on the right to delete; the right to push is enough there.
        operation.access.deletes = client.host.name != "quay.io"
        let call = RegistryRequest(
            operation: operation, method: .delete, url: try url("manifests/\(name)"),
            accepted: [200, 202, 204, 404])
        do {
            _ = try await client.send(call) { _ in }
        } catch let error as RegistryError where [400, 405, 501].contains(error.status) {
            throw RegistryError(
                .invalid, operation, "the registry does not delete this",
                hint:
                    "delete it where the registry is administered, or leave it to a clean-up there")
        }
    }
}
