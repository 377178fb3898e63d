// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import StrictJSON

/// The content of a registry, and the responses that the specification requires.
///
/// Blobs are stored once; repositories link to them, because a blob can only be read through a
/// link.
struct RegistryModel {
    /// The content of one repository.
    struct RepositoryContent {
        var tags: [String: Digest] = [:] {
            didSet {
                age += tags.keys.filter { oldValue[$0] == nil }.sorted()
                age.removeAll { tags[$0] == nil }
            }
        }
        /// The tags, the oldest first.
        private(set) var age: [String] = []
        var manifests: [Digest: RawManifest] = [:]
        var blobs: Set<Digest> = []
    }

    /// The target of a request's body.
    enum Admission {
        /// The body is dropped, and this response is sent.
        case response(ScriptedResponse)
        case collected
        case appended(UploadSession)
    }

    var traits: RegistryTraits
    var repositories: [String: RepositoryContent] = [:]
    var blobs: [Digest: Bytes] = [:]
    var uploads: [String: UploadSession] = [:]

    init(traits: RegistryTraits) { self.traits = traits }

    /// Returns the target of a request's body, before the body arrives.
    mutating func admit(_ request: RecordedRequest) -> Admission {
        switch Route(path: request.path) {
        case .uploads(let repository) where request.method == .post:
            let session = UploadSession(
                repository: repository, keepsBytes: !traits.discardsBlobs)
            return .appended(session)
        case .upload(_, let id):
            guard let session = uploads[id] else {
                return .response(ScriptedResponse(.uploadUnknown))
            }
            return admit(request, to: session)
        default:
            return .collected
        }
    }

    /// Returns the response to a request whose body is complete.
    mutating func answer(
        _ request: RecordedRequest, body: [UInt8], upload: UploadSession?
    ) -> ScriptedResponse {
        switch (Route(path: request.path), request.method) {
        case (.ping, .get), (.ping, .head):
            return ScriptedResponse(
                200, json: .object([]), ["Docker-Distribution-Api-Version": "registry/2.0"])
        case (.manifest(let name, let reference), let method):
            return answerManifest(request, method, name, reference, body)
        case (.blob(let name, let digest), .get), (.blob(let name, let digest), .head):
            return blob(name, digest, request)
        case (.blob(let name, let digest), .delete):
            return deleteBlob(name, digest)
        case (.uploads, .post), (.upload, .patch), (.upload, .put), (.upload, .get),
            (.upload, .delete):
            guard let upload else { return ScriptedResponse(.uploadUnknown) }
            return answerUpload(request, upload)
        case (.tags(let name), .get), (.tags(let name), .head):
            return tags(name, request)
        case (.referrers(let name, let digest), .get) where traits.listsReferrers:
            return referrers(name, digest, request)
        case (.ping, _), (.blob, _), (.uploads, _), (.upload, _), (.tags, _):
            return ScriptedResponse(.unsupported)
        case (.referrers, _), (.unknown, _), (.token, _), (.exchange, _), (.storage, _):
            return ScriptedResponse(
                404, ["Content-Type": "text/plain"], body: Bytes("404 page not found\n"))
        }
    }
}
