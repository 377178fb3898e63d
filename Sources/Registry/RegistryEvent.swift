// SPDX-License-Identifier: Apache-2.0

internal import HTTP
public import OCI
public import TextSafety

/// The kinds of requests, by which traffic and pulls are counted.
public enum RequestKind: String, Sendable, CaseIterable {
    case token
    case versionCheck = "version-check"
    case manifestHead = "manifest-head"
    case manifestGet = "manifest-get"
    case manifestPut = "manifest-put"
    case manifestDelete = "manifest-delete"
    case blobHead = "blob-head"
    case blobGet = "blob-get"
    case blobMount = "blob-mount"
    case uploadPost = "upload-post"
    case uploadPatch = "upload-patch"
    case uploadPut = "upload-put"
    case uploadDelete = "upload-delete"
    case tagList = "tag-list"
    case referrerList = "referrer-list"
}

/// A sent request, for logs.
public struct RequestTrace: Hashable, Sendable {
    /// The method.
    public let method: String
    /// The time until the end of the response.
    public let duration: Duration
    private let completeURL: HTTPURL

    /// Creates the trace of a request.
    init(_ method: HTTPMethod, _ url: HTTPURL, duration: Duration) {
        self.method = method.rawValue
        self.duration = duration
        completeURL = url
    }

    /// The URL without its query, which can contain signatures and upload states.
    public var url: String {
        let target = completeURL.target.prefix { $0 != "?" }
        return UntrustedText("\(completeURL.origin)\(target)").display
    }
}

/// An event of the communication with a registry.
public enum RegistryEvent: Hashable, Sendable {
    /// A request finished; `bytes` is the size of its content, sent or received.
    ///
    /// Each hop of a redirect is reported with its own host; a failed request has no status.
    case requestFinished(
        host: String, kind: RequestKind, status: Int?, bytes: Int, trace: RequestTrace? = nil)
    /// A request will be retried after a delay.
    case retryWaiting(host: RegistryHost, reason: String, duration: Duration)
    /// A host failed so often that nothing more is sent to it.
    case hostGivenUp(host: String, reason: String)
    /// Credentials were rejected, and the content was read anonymously.
    case anonymousFallback(repository: Repository, source: String)
    /// A credential is used for the first time.
    case credentialUsed(host: RegistryHost, source: String)
    /// Line breaks at the end of a credential were removed.
    case credentialTrimmed(host: RegistryHost, source: String)
    /// A registry or its token server accepted the credential of a source for the first time.
    case credentialAccepted(host: RegistryHost, source: String)
    /// A credential was rejected, and no source has a newer one.
    case credentialRejected(RejectedCredential)
    /// The number of remaining pulls, as the registry states it.
    case pullsRemaining(host: RegistryHost, count: Int)
    /// A registry sent a warning for the user, reported once.
    case warningReceived(host: String, text: UntrustedText)
    /// A listing contained invalid tag names, which were skipped.
    case invalidTagsSkipped(repository: Repository, count: Int)
}
