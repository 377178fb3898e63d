// SPDX-License-Identifier: Apache-2.0

public import OCI

/// The kinds of requests, by which traffic and quota are counted.
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

/// Something that happened between this client and a registry.
public enum RegistryEvent: Hashable, Sendable {
    /// An exchange ended; `bytes` counts its body, in the direction in which content moved.
    ///
    /// Each hop of a redirect is counted with its own host; an exchange that broke has no status.
    case requestFinished(host: String, kind: RequestKind, status: Int?, bytes: Int)
    /// A request is tried again after a while.
    case retryWaiting(host: RegistryHost, reason: String, duration: Duration)
    /// Credentials were refused, and the content could be read without them.
    case anonymousFallback(repository: Repository, source: String)
    /// A credential is used for the first time.
    case credentialUsed(host: RegistryHost, source: String)
    /// A registry or its token server accepted the credential of a source for the first time.
    case credentialAccepted(host: RegistryHost, source: String)
    /// A credential was rejected, and no source has a newer one.
    case credentialRejected(RejectedCredential)
    /// How many pulls are left, as Docker Hub says it.
    case pullsRemaining(host: RegistryHost, count: Int)
    /// A listing had names that are no tags; they were left out.
    case invalidTagsSkipped(repository: Repository, count: Int)
}
