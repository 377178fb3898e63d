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
    /// The registry of the world that this one stands for; nil for the correct default.
    let profile: (any RegistryEmulation)?
    /// Open once the server stops, so that held requests let go.
    let stopping = Gate()
    /// The scheme, host and port, known once the server listens.
    let origin = Mutex("")

    /// Where the parts of the profile are, known once the server listens.
    let places = Mutex<ProfilePlaces?>(nil)

    init(_ traits: RegistryTraits, _ authentication: Authentication, _ issuer: TokenIssuer?) {
        profile = nil
        model = Mutex(RegistryModel(traits: traits))
        self.authentication = authentication
        if case .bearer(let own, nil) = authentication {
            self.issuer = issuer ?? own
        } else {
            self.issuer = issuer
        }
    }

    init(_ profile: any RegistryEmulation) {
        self.profile = profile
        model = Mutex(RegistryModel(traits: profile.traits))
        authentication = .bearer(profile.issuer)
        issuer = profile.issuer
    }

    func open(_ request: RecordedRequest) -> any Conversation {
        let request = ledger.begin(request)
        return RegistryConversation(request, script.meet(request), self)
    }

    /// The answer to a request whose head says that it goes no further; nil where it does.
    func refusal(of request: RecordedRequest) -> Reply? {
        switch Route(path: request.path) {
        case .token, .exchange, .storage: return nil
        default: break
        }
        let realm = realm
        let authentication = self.authentication.seen(at: realm)
        return authentication.refusal(of: request, host: origin.withLock { $0 })
    }

    /// The profile's token server, once it is known where that is.
    private var realm: String? {
        guard let profile, let places = places.withLock({ $0 }) else { return nil }
        return places.tokens + profile.tokenPath
    }

    /// What the profile refuses before it reads the request's body.
    func houseRefusal(of request: RecordedRequest) -> Reply? {
        guard let profile, let moment = moment(of: request) else { return nil }
        guard moment.places.serves(request) else {
            return .text(404, "there is nothing of the kind at \(request.host)")
        }
        if case .storage = Route(path: request.path) {
            return profile.storage.refusal(of: request)
        }
        return profile.refusal(of: request, in: moment)
    }

    /// The answer in the profile's words.
    func amended(_ reply: Reply, to request: RecordedRequest) -> Reply {
        guard let profile, let moment = moment(of: request) else { return reply }
        return profile.amended(reply, to: request, in: moment)
    }

    private func moment(of request: RecordedRequest) -> ProfileMoment? {
        guard let places = places.withLock({ $0 }) else { return nil }
        let isKnown = model.withLock { model in
            request.repository.map { model.shelves[$0] != nil } ?? true
        }
        return ProfileMoment(places: places, knowsRepository: isKnown)
    }

    /// Handles a request whose body is complete, and audits what it wrote.
    func answer(_ request: RecordedRequest, body: [UInt8], upload: UploadSession?) -> Reply {
        switch (Route(path: request.path), issuer) {
        case (.token, let issuer?): return issuer.answer(request, form: body)
        case (.exchange, let issuer?): return issuer.exchange(form: body)
        case (.storage(let digest), _) where profile != nil:
            return model.withLock { $0.bytes(of: digest, request) }
        default: break
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
