// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI

extension RemoteRepository {
    /// Opens an upload session and cancels it, to find out whether content may be pushed.
    ///
    /// Registries create a repository with its first upload session, so this is called only for
    /// existing repositories.
    ///
    /// - Returns: The error of a rejected cancellation, which leaves a session that the registry
    ///   expires, or `nil`.
    /// - Throws: ``RegistryError`` if no session can be opened.
    public func checkPush() async throws -> RegistryError? {
        let opening = operation(.uploadPost, "opening an upload session", writes: true)
        let response = try await client.send(
            RegistryRequest(
                operation: opening, method: .post, url: url("blobs/uploads/"), body: .bytes([]),
                accepted: [202])
        ) { $0 }
        guard let text = response.fields["location"] else {
            throw RegistryError(.unavailable, opening, "the response has no upload location")
        }
        let session = try client.redirects.upload(text, from: response.url, for: opening)
        do {
            _ = try await client.sendOnce(
                RegistryRequest(
                    operation: operation(
                        .uploadDelete, "canceling an upload session", writes: true),
                    method: .delete, url: session, accepted: [200, 202, 204, 404]))
            return nil
        } catch let error as RegistryError {
            return error
        }
    }
}

/// The clock of a registry, as its responses state it.
public enum RegistryClock {
    /// Returns the seconds since 1970 of a `Date` field, or `nil` if it has another format.
    public static func secondsSinceEpoch(_ date: String) -> Int? { HTTPDate.parse(date) }
}
