// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import AsyncPrimitives

/// The storage backend of a registry, from which blobs are read by signed URLs.
///
/// URLs of real storage expire after minutes. These are valid for one request, so that a client
/// that reuses one is detected at once. Like S3, the storage rejects a request with an
/// `Authorization` field in addition to the signature.
///
/// Source: swift-container-plugin, RegistryClient (400 on leftover credentials); Docker Hub, Quay,
/// GHCR and Azure all redirect.
public final class SignedStorage: Sendable {
    private let links = Mutex<(count: Int, open: Set<String>)>((0, []))

    /// Creates a storage without signed URLs.
    public init() {}

    /// Redirects a request for a blob that the registry has.
    func redirected(
        _ response: ScriptedResponse, to request: RecordedRequest, in moment: ProfileMoment
    ) -> ScriptedResponse {
        guard request.kind == .blobGet, [200, 206, 416].contains(response.status),
            let digest = request.path.split(separator: "/").last
        else { return response }
        let signature = links.withLock { links in
            links.count += 1
            let signature =
                "link-\(links.count)-" + String(UInt64.random(in: 0 ... .max), radix: 36)
            links.open.insert(signature)
            return signature
        }
        let path = digest.replacing(":", with: "/", maxReplacements: 1)
        return ScriptedResponse(
            307,
            [
                "Location":
                    "\(moment.places.storage)/storage/\(path)?expires=300&signature=\(signature)"
            ])
    }

    /// Returns the response to a request without permission, or `nil` if it has permission.
    func earlyResponse(to request: RecordedRequest) -> ScriptedResponse? {
        guard !request.isAuthorized else {
            return .text(400, "InvalidArgument: only one way of authorization is allowed")
        }
        let isOpen = links.withLock { links in
            request.parameter("signature").map { links.open.remove($0) != nil } ?? false
        }
        return isOpen ? nil : .text(403, "AccessDenied: the request has expired")
    }
}
