// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Synchronization

/// The store behind a registry, from which blobs are read by signed links.
///
/// Links of real stores expire after minutes. Those of this one are good for one request, so that a
/// client that keeps one is found out at once. Like S3 and its likes, it refuses a request that has an
/// `Authorization` beside the signature.
///
/// Source: swift-container-plugin, RegistryClient (400 on leftover credentials); Docker Hub, Quay,
/// GHCR and Azure all redirect.
public final class SignedStorage: Sendable {
    private let links = Mutex<(count: Int, open: Set<String>)>((0, []))

    /// Makes a store without links.
    public init() {}

    /// Redirects a request for a blob, where the registry has it.
    func redirected(_ reply: Reply, to request: RecordedRequest, in moment: ProfileMoment) -> Reply
    {
        guard request.kind == .blobGet, [200, 206, 416].contains(reply.status),
            let digest = request.path.split(separator: "/").last
        else { return reply }
        let signature = links.withLock { links in
            links.count += 1
            let signature =
                "link-\(links.count)-" + String(UInt64.random(in: 0 ... .max), radix: 36)
            links.open.insert(signature)
            return signature
        }
        let path = digest.replacing(":", with: "/", maxReplacements: 1)
        return Reply(
            307,
            [
                "Location":
                    "\(moment.places.storage)/storage/\(path)?expires=300&signature=\(signature)"
            ])
    }

    /// Answers a request that has no right to the blob; nil where it has.
    func refusal(of request: RecordedRequest) -> Reply? {
        guard !request.isAuthorized else {
            return .text(400, "InvalidArgument: only one way of authorization is allowed")
        }
        let isOpen = links.withLock { links in
            request.parameter("signature").map { links.open.remove($0) != nil } ?? false
        }
        return isOpen ? nil : .text(403, "AccessDenied: the request has expired")
    }
}
