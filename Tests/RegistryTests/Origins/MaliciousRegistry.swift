// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import AsyncPrimitives
import TextSafety

@testable import Registry

/// A position in the protocol in which a server can name a URL.
enum LinkPosition: String, CaseIterable, Sendable {
    case blobRedirect
    case manifestRedirect
    case headRedirect
    case commitRedirect
    case realm
    case anonymousRealm
    case tokenRedirect
    case postLocation
    case patchLocation
    case mountLocation
    case link
    case descriptorURLs

    /// A Boolean value that indicates whether another origin may receive a request, though never a
    /// credential.
    var leadsElsewhere: Bool {
        switch self {
        case .blobRedirect, .manifestRedirect, .headRedirect, .anonymousRealm: true
        default: false
        }
    }

    /// A Boolean value that indicates whether the URL is relative to that of the request.
    var takesReferences: Bool { self != .anonymousRealm }

    /// Sends the request that leads to this position.
    func visit(_ repository: RemoteRepository) async throws {
        let blob = Canary.blob
        switch self {
        case .blobRedirect, .realm, .anonymousRealm, .tokenRedirect, .descriptorURLs:
            _ = try await collect(repository.fetch(blob: blob.descriptor))
        case .manifestRedirect:
            _ = try await repository.fetch(manifest: Sample.manifest.descriptor)
        case .headRedirect:
            _ = try await repository.resolve(.tag(Tag(parsing: "1")))
        case .commitRedirect:
            try await repository.push(manifest: Sample.manifest.raw, as: .tag(Tag(parsing: "1")))
        case .postLocation, .patchLocation:
            _ = try await repository.push(
                blob: blob.descriptor, expecting: .absent, mountingFrom: nil, open: blob.open)
        case .mountLocation:
            _ = try await repository.push(
                blob: blob.descriptor, expecting: .absent,
                mountingFrom: .repository(Repository(parsing: "reg.test/base")), open: blob.open)
        case .link:
            _ = try await repository.tags()
        }
    }
}

/// A registry that names one URL in one position; every other server responds 404.
final class MaliciousRegistry: HTTPTransport {
    private let place: LinkPosition
    private let named: String
    private let record = Mutex<[ScriptedTransport.Recorded]>([])

    init(naming named: String, at place: LinkPosition) {
        self.place = place
        self.named = named
    }

    var requests: [ScriptedTransport.Recorded] { record.withLock { $0 } }

    /// The requests to other origins than the registry's.
    var strayed: [ScriptedTransport.Recorded] {
        requests.filter { !$0.url.hasPrefix("https://reg.test/") }
    }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let recorded = try await ScriptedTransport.Recorded(request)
        record.withLock { $0.append(recorded) }
        let response = response(to: recorded, request.url)
        return HTTPResponse(
            status: response.status, fields: response.fields,
            body: ChunkedBody(chunks: response.chunks))
    }

    private func response(to request: ScriptedTransport.Recorded, _ url: HTTPURL)
        -> ScriptedResponse
    {
        guard url.origin.host == "reg.test", url.origin.port == 443 else {
            return ScriptedResponse(404)
        }
        if url.target.hasPrefix("/token") { return ScriptedResponse(307, ["Location": named]) }
        guard request.authorization != nil else {
            return switch place {
            case .realm, .anonymousRealm: ScriptedResponse(401, challenge(named))
            case .tokenRedirect: ScriptedResponse(401, challenge("https://reg.test/token"))
            default: ScriptedResponse(401, Canary.basic)
            }
        }
        let session = ScriptedResponse(202, ["Location": "/v2/app/blobs/uploads/1"])
        let lie = ScriptedResponse(202, ["Location": named])
        switch (place, request.method) {
        case (.blobRedirect, .get), (.manifestRedirect, .get), (.headRedirect, .head),
            (.commitRedirect, .put):
            return ScriptedResponse(307, ["Location": named])
        case (.postLocation, .post), (.patchLocation, .patch), (.mountLocation, .post): return lie
        case (_, .post): return session
        case (_, .head): return ScriptedResponse(404)
        case (.link, .get):
            return ScriptedResponse(200, ["Link": "<\(named)>; rel=\"next\""], #"{"tags":[]}"#)
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
