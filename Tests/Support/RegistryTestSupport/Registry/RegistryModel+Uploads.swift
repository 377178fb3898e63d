// SPDX-License-Identifier: Apache-2.0

internal import OCI

extension RegistryModel {
    /// Returns the target of the body of a request to an upload.
    func admit(_ request: RecordedRequest, to session: UploadSession) -> Admission {
        guard request.repository == session.repository else {
            return .response(ScriptedResponse(.uploadUnknown))
        }
        guard request.parameter("_state") == session.stamp else {
            return .response(
                ScriptedResponse(.uploadInvalid, "the query of the Location was not kept"))
        }
        guard request.method == .patch || request.method == .put else {
            return .appended(session)
        }
        if let range = request.headers["Content-Range"] {
            guard let first = Int(range.prefix { $0 != "-" }), first == session.count else {
                return .response(outOfOrder(session))
            }
        }
        if request.method == .put { return admitCommit(request, to: session) }
        return .appended(session)
    }

    private func admitCommit(
        _ request: RecordedRequest, to session: UploadSession
    ) -> Admission {
        // docker-registry reads the digest with Go's FormValue, which consumes a body with a form's
        // media type, so no bytes of it are stored.
        let type = request.headers["Content-Type"] ?? ""
        if type.hasPrefix("application/x-www-form-urlencoded")
            || type.hasPrefix("multipart/form-data")
        {
            return .response(ScriptedResponse(.digestInvalid, "the body was read as a form"))
        }
        return .appended(session)
    }

    mutating func answerUpload(_ request: RecordedRequest, _ session: UploadSession)
        -> ScriptedResponse
    {
        switch request.method {
        case .post: return beginUpload(request, session)
        case .patch: return progress(202, session)
        case .get: return progress(204, session)
        case .put: return commit(request, session)
        default:
            uploads[session.id] = nil
            return ScriptedResponse(204)
        }
    }

    private mutating func beginUpload(
        _ request: RecordedRequest, _ session: UploadSession
    ) -> ScriptedResponse {
        if let text = request.parameter("mount") {
            guard let digest = try? Digest(parsing: text) else {
                return ScriptedResponse(.digestInvalid)
            }
            if traits.mountsBlobs, blobs[digest] != nil, let source = request.parameter("from"),
                repositories[source]?.blobs.contains(digest) == true
            {
                repositories[session.repository, default: RepositoryContent()].blobs.insert(digest)
                return created(digest, in: session.repository)
            }
        } else if request.parameter("digest") != nil, traits.acceptsSinglePost {
            return commit(request, session)
        }
        let fresh = UploadSession(
            repository: session.repository, keepsBytes: !traits.discardsBlobs)
        uploads[fresh.id] = fresh
        return progress(202, fresh)
    }

    private mutating func commit(_ request: RecordedRequest, _ session: UploadSession)
        -> ScriptedResponse
    {
        guard let text = request.parameter("digest"), let digest = try? Digest(parsing: text)
        else { return ScriptedResponse(.digestInvalid, "the query has no digest") }
        guard let bytes = session.finish(expecting: digest) else {
            uploads[session.id] = nil
            return ScriptedResponse(.digestInvalid, "the bytes have another digest")
        }
        uploads[session.id] = nil
        // A blob with known bytes is never replaced by one without.
        if blobs[digest].map(\.isDiscarded) ?? true { blobs[digest] = bytes }
        repositories[session.repository, default: RepositoryContent()].blobs.insert(digest)
        return created(digest, in: session.repository)
    }

    private func created(_ digest: Digest, in repository: String) -> ScriptedResponse {
        ScriptedResponse(
            201,
            [
                "Location": "/v2/\(repository)/blobs/\(digest)",
                "Docker-Content-Digest": digest.description,
            ])
    }

    private func progress(_ status: Int, _ session: UploadSession) -> ScriptedResponse {
        ScriptedResponse(
            status,
            [
                "Location":
                    "/v2/\(session.repository)/blobs/uploads/\(session.id)?_state=\(session.stamp)",
                "Range": "0-\(max(0, session.count - 1))", "Docker-Upload-UUID": session.id,
            ])
    }

    private func outOfOrder(_ session: UploadSession) -> ScriptedResponse {
        var response = progress(416, session)
        response.body = Bytes("")
        return response
    }
}
