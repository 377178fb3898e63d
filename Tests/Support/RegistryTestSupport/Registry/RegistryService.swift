// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Synchronization

/// All that a loopback registry is, but for the server that listens.
final class RegistryService: LoopbackService {
    let ledger = Ledger()
    let script = Script()
    let model: Mutex<RegistryModel>
    let violations = Mutex<[Violation]>([])
    let authentication: Authentication
    let issuer: TokenIssuer?
    /// Open once the server stops, so that held requests let go.
    let stopping = Gate()
    /// The scheme, host and port, known once the server listens.
    let origin = Mutex("")

    init(_ traits: RegistryTraits, _ authentication: Authentication, _ issuer: TokenIssuer?) {
        model = Mutex(RegistryModel(traits: traits))
        self.authentication = authentication
        if case .bearer(let own, nil) = authentication {
            self.issuer = issuer ?? own
        } else {
            self.issuer = issuer
        }
    }

    func open(_ request: RecordedRequest) -> any Conversation {
        let request = ledger.begin(request)
        return RegistryConversation(request, script.meet(request), self)
    }

    /// The answer to a request whose head says that it goes no further; nil where it does.
    func refusal(of request: RecordedRequest) -> Reply? {
        guard Route(path: request.path) != .token else { return nil }
        return authentication.refusal(of: request, host: origin.withLock { $0 })
    }

    /// Handles a request whose body is complete, and audits what it wrote.
    func answer(_ request: RecordedRequest, body: [UInt8], upload: UploadSession?) -> Reply {
        if Route(path: request.path) == .token, let issuer {
            return issuer.answer(request, form: body)
        }
        var reply = model.withLock { model in
            model.answer(request, body: body, upload: upload)
        }
        let isAbsolute = model.withLock { $0.traits.answersAbsoluteLocations }
        if isAbsolute, let location = reply.headers["Location"], location.hasPrefix("/") {
            reply.headers["Location"] = origin.withLock { $0 } + location
        }
        return reply
    }

    /// Takes back what a request just stored.
    func undo(_ fault: Fault, _ request: RecordedRequest, _ reply: Reply) {
        guard reply.status == 201, let name = request.repository,
            let digest = (reply.headers["Location"]?.split(separator: "/").last)
                .flatMap({ try? Digest(parsing: String($0)) })
        else { return }
        model.withLock { model in
            switch fault {
            case .loseBlob: model.shelves[name]?.blobs.remove(digest)
            default: model.shelves[name]?.manifests[digest] = nil
            }
        }
    }

    /// Checks the repository that a request changed.
    func audit(after request: RecordedRequest) {
        let writes: [RequestClass] = [.manifestPut, .manifestDelete, .blobDelete]
        guard let name = request.repository, writes.contains(request.kind) else { return }
        let reasons = model.withLock { Auditor.reasons(name, in: $0) }
        let found = reasons.map {
            Violation(after: "\(request.method) \(request.target)", repository: name, reason: $0)
        }
        violations.withLock { $0 += found }
    }
}
