// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Synchronization
import TextSafety

@testable import Registry

/// A place in the protocol at which a server can name a URL.
enum NamedPlace: String, CaseIterable, Sendable {
    case blobRedirect
    case manifestRedirect
    case headRedirect
    case commitRedirect
    case realm
    case realmOfNobody
    case tokenRedirect
    case postLocation
    case patchLocation
    case mountLocation
    case link
    case descriptorURLs

    /// Whether another origin may be asked at all, though never with a credential.
    var leadsElsewhere: Bool {
        switch self {
        case .blobRedirect, .manifestRedirect, .headRedirect, .realmOfNobody: true
        default: false
        }
    }

    /// Whether what is named there is resolved against what was asked for.
    var takesReferences: Bool { self != .realmOfNobody }

    /// Does what makes the client meet the place.
    func visit(_ repository: RemoteRepository) async throws {
        let blob = Canary.blob
        switch self {
        case .blobRedirect, .realm, .realmOfNobody, .tokenRedirect, .descriptorURLs:
            _ = try await collect(repository.fetch(blob: blob.descriptor))
        case .manifestRedirect:
            _ = try await repository.fetch(manifest: Sample.manifest.descriptor)
        case .headRedirect:
            _ = try await repository.resolve(.tag(Tag(parsing: "1")))
        case .commitRedirect:
            try await repository.push(manifest: Sample.manifest.raw, as: .tag(Tag(parsing: "1")))
        case .postLocation, .patchLocation:
            _ = try await repository.push(
                blob: blob.descriptor, mountingFrom: nil, open: blob.open)
        case .mountLocation:
            _ = try await repository.push(
                blob: blob.descriptor,
                mountingFrom: .repository(Repository(parsing: "reg.test/base")), open: blob.open)
        case .link:
            _ = try await repository.tags()
        }
    }
}

/// A registry that names one URL at one place, and a world in which every other server says 404.
final class LyingRegistry: HTTPTransport {
    private let place: NamedPlace
    private let named: String
    private let record = Mutex<[ScriptedTransport.Recorded]>([])

    init(naming named: String, at place: NamedPlace) {
        self.place = place
        self.named = named
    }

    var requests: [ScriptedTransport.Recorded] { record.withLock { $0 } }

    /// What went to other origins than the registry's.
    var strayed: [ScriptedTransport.Recorded] {
        requests.filter { !$0.url.hasPrefix("https://reg.test/") }
    }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let recorded = try await ScriptedTransport.Recorded(request)
        record.withLock { $0.append(recorded) }
        let answer = answer(to: recorded, request.url)
        return HTTPResponse(
            status: answer.status, fields: answer.fields, body: Pieces(pieces: answer.pieces))
    }

    private func answer(to request: ScriptedTransport.Recorded, _ url: HTTPURL) -> Answer {
        guard url.origin.host == "reg.test", url.origin.port == 443 else { return Answer(404) }
        if url.target.hasPrefix("/token") { return Answer(307, ["Location": named]) }
        guard request.authorization != nil else {
            return switch place {
            case .realm, .realmOfNobody: Answer(401, challenge(named))
            case .tokenRedirect: Answer(401, challenge("https://reg.test/token"))
            default: Answer(401, Canary.basic)
            }
        }
        let session = Answer(202, ["Location": "/v2/app/blobs/uploads/1"])
        let lie = Answer(202, ["Location": named])
        switch (place, request.method) {
        case (.blobRedirect, .get), (.manifestRedirect, .get), (.headRedirect, .head),
            (.commitRedirect, .put):
            return Answer(307, ["Location": named])
        case (.postLocation, .post), (.patchLocation, .patch), (.mountLocation, .post): return lie
        case (_, .post): return session
        case (_, .head): return Answer(404)
        case (.link, .get):
            return Answer(200, ["Link": "<\(named)>; rel=\"next\""], #"{"tags":[]}"#)
        default: return Canary.body
        }
    }

    private func challenge(_ realm: String) -> HTTPFields {
        var fields: HTTPFields = [:]
        let quoted = realm.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        fields.appendIfValid("WWW-Authenticate", "Bearer realm=\"\(quoted)\",service=\"x\"")
        return fields
    }
}
