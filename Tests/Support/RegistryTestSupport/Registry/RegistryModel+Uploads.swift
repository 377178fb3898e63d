// SPDX-License-Identifier: Apache-2.0

internal import OCI

extension RegistryModel {
    /// Decides where the body of a request to an upload goes.
    func admit(_ request: RecordedRequest, to session: UploadSession) -> Admission {
        guard request.repository == session.repository else {
            return .refused(Reply(.uploadUnknown))
        }
        guard request.parameter("_state") == session.stamp else {
            return .refused(Reply(.uploadInvalid, "the query of the Location was not kept"))
        }
        guard request.method == .patch || request.method == .put else {
            return .appended(session)
        }
        if let range = request.headers["Content-Range"] {
            guard let first = Int(range.prefix { $0 != "-" }), first == session.count else {
                return .refused(outOfOrder(session))
            }
        }
        if request.method == .put { return admitCommit(request, to: session) }
        return .appended(session)
    }

    private func admitCommit(
        _ request: RecordedRequest, to session: UploadSession
    ) -> Admission {
        // docker-registry reads the digest with Go's FormValue, which swallows a body that calls
        // itself a form, so that nothing arrives of it.
        let type = request.headers["Content-Type"] ?? ""
        if type.hasPrefix("application/x-www-form-urlencoded")
            || type.hasPrefix("multipart/form-data")
        {
            return .refused(Reply(.digestInvalid, "the body was read as a form"))
        }
        return .appended(session)
    }

    mutating func answerUpload(_ request: RecordedRequest, _ session: UploadSession) -> Reply {
        switch request.method {
        case .post: return beginUpload(request, session)
        case .patch: return progress(202, session)
        case .get: return progress(204, session)
        case .put: return commit(request, session)
        default:
            uploads[session.id] = nil
            return Reply(204)
        }
    }

    private mutating func beginUpload(
        _ request: RecordedRequest, _ session: UploadSession
    ) -> Reply {
        if let text = request.parameter("mount") {
            guard let digest = try? Digest(parsing: text) else { return Reply(.digestInvalid) }
            if traits.mountsBlobs, blobs[digest] != nil, let source = request.parameter("from"),
                shelves[source]?.blobs.contains(digest) == true
            {
                shelves[session.repository, default: Shelf()].blobs.insert(digest)
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

    private mutating func commit(_ request: RecordedRequest, _ session: UploadSession) -> Reply {
        guard let text = request.parameter("digest"), let digest = try? Digest(parsing: text)
        else { return Reply(.digestInvalid, "the query has no digest") }
        guard let bytes = session.finish(expecting: digest) else {
            uploads[session.id] = nil
            return Reply(.digestInvalid, "the bytes have another digest")
        }
        uploads[session.id] = nil
        // A blob whose bytes are known is never replaced by one whose bytes are not.
        if blobs[digest].map(\.isDiscarded) ?? true { blobs[digest] = bytes }
        shelves[session.repository, default: Shelf()].blobs.insert(digest)
        return created(digest, in: session.repository)
    }

    private func created(_ digest: Digest, in repository: String) -> Reply {
        Reply(
            201,
            [
                "Location": "/v2/\(repository)/blobs/\(digest)",
                "Docker-Content-Digest": digest.description,
            ])
    }

    private func progress(_ status: Int, _ session: UploadSession) -> Reply {
        Reply(
            status,
            [
                "Location":
                    "/v2/\(session.repository)/blobs/uploads/\(session.id)?_state=\(session.stamp)",
                "Range": "0-\(max(0, session.count - 1))", "Docker-Upload-UUID": session.id,
            ])
    }

    private func outOfOrder(_ session: UploadSession) -> Reply {
        var reply = progress(416, session)
        reply.body = Bytes("")
        return reply
    }
}
