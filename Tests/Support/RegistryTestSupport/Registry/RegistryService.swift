// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import AsyncPrimitives

/// A loopback registry without the server.
final class RegistryService: LoopbackService {
    let ledger = Ledger()
    let script = Script()
    let model: Mutex<RegistryModel>
    let violations = Mutex<[Violation]>([])
    let authentication: Authentication
    let issuer: TokenIssuer?
    /// The public registry that is emulated; `nil` for the default.
    let profile: (any RegistryEmulation)?
    /// A gate that opens when the server stops, so that delayed requests end.
    let stopping = Gate()
    /// The origin, known once the server listens.
    let origin = Mutex("")

    /// The origins of the emulation, known once the server listens.
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

    /// Returns the response to a request that is decided by its head, or `nil`.
    func earlyResponse(to request: RecordedRequest) -> ScriptedResponse? {
        switch Route(path: request.path) {
        case .token, .exchange, .storage: return nil
        default: break
        }
        let realm = realm
        let authentication = self.authentication.seen(at: realm)
        return authentication.earlyResponse(to: request, host: origin.withLock { $0 })
    }

    /// Returns the token server's response, if the request is for the token server.
    private var realm: String? {
        guard let profile, let places = places.withLock({ $0 }) else { return nil }
        return places.tokens + profile.tokenPath
    }

    /// Returns the emulation's response before the request's body is read, or `nil`.
    func emulatedResponse(to request: RecordedRequest) -> ScriptedResponse? {
        guard let profile, let moment = moment(of: request) else { return nil }
        guard moment.places.serves(request) else {
            return .text(404, "there is nothing of the kind at \(request.host)")
        }
        if case .storage = Route(path: request.path) {
            return profile.storage.earlyResponse(to: request)
        }
        return profile.earlyResponse(to: request, in: moment)
    }

    /// Returns the response in the format of the emulation.
    func amended(_ response: ScriptedResponse, to request: RecordedRequest) -> ScriptedResponse {
        guard let profile, let moment = moment(of: request) else { return response }
        return profile.amended(response, to: request, in: moment)
    }

    private func moment(of request: RecordedRequest) -> ProfileMoment? {
        guard let places = places.withLock({ $0 }) else { return nil }
        let isKnown = model.withLock { model in
            request.repository.map { model.repositories[$0] != nil } ?? true
        }
        return ProfileMoment(places: places, knowsRepository: isKnown)
    }

    /// Handles a request whose body is complete, and audits the result.
    func answer(_ request: RecordedRequest, body: [UInt8], upload: UploadSession?)
        -> ScriptedResponse
    {
        switch (Route(path: request.path), issuer) {
        case (.token, let issuer?): return issuer.answer(request, form: body)
        case (.exchange, let issuer?): return issuer.exchange(form: body)
        case (.storage(let digest), _) where profile != nil:
            return model.withLock { $0.bytes(of: digest, request) }
        default: break
        }
        var response = model.withLock { model in
            model.answer(request, body: body, upload: upload)
        }
        let isAbsolute = model.withLock { $0.traits.answersAbsoluteLocations }
        if isAbsolute, let location = response.headers["Location"], location.hasPrefix("/") {
            response.headers["Location"] = origin.withLock { $0 } + location
        }
        return response
    }

    /// Removes what a request just stored.
    func undo(_ fault: Fault, _ request: RecordedRequest, _ response: ScriptedResponse) {
        guard response.status == 201, let name = request.repository,
            let digest = (response.headers["Location"]?.split(separator: "/").last)
                .flatMap({ try? Digest(parsing: String($0)) })
        else { return }
        model.withLock { model in
            switch fault {
            case .loseBlob: model.repositories[name]?.blobs.remove(digest)
            default: model.repositories[name]?.manifests[digest] = nil
            }
        }
    }

    /// Audits the repository that a request changed.
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
